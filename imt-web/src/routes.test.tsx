// The routes as they are, with a server that answers who one is and keeps everything else waiting.
import { QueryClientProvider } from "@tanstack/react-query";
import { act, render, waitFor } from "@testing-library/react";
import { matchRoutes, RouterProvider, type createBrowserRouter } from "react-router";
import { afterEach, beforeAll, expect, it } from "vitest";

import { queryClient } from "./api/query-client";
import { pathOf } from "./parts";
import { serve } from "./testing";

let router: ReturnType<typeof createBrowserRouter>;

beforeAll(async () => {
  // It begins to ask as soon as it is there.
  serve({});
  ({ router } = await import("./routes"));
});
afterEach(() => queryClient.clear());

it.each([
  ["/projects/shop/pipelines/7?job=1", "GET /api/v1/projects/shop/pipelines/7"],
  ["/projects/shop/deployments/7", "GET /api/v1/projects/shop/deployments/7"],
  ["/projects/shop", "GET /api/v1/projects/shop"],
  ["/projects/shop/deployments", "GET /api/v1/projects/shop"],
  ["/projects/shop/settings/secrets", "GET /api/v1/projects/shop"],
  ["/projects/shop/audit", "GET /api/v1/projects/shop"],
])("what %s asks for is asked for once", async (address, what) => {
  const me = { user: { id: "u", name: "Ann", email: "ann@example.org", is_admin: true }, mode: "single" };
  const waiting = () => new Promise(() => undefined);
  const asked = serve({ "GET /api/v1/me": me, [what]: waiting });
  await router.navigate(address);
  render(
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  );
  await waitFor(() => expect(document.querySelector("#main")).not.toBeNull());
  // What a page asks for it asks for in effects.
  await act(() => Promise.resolve());
  expect(asked.filter((each) => each.what === what)).toHaveLength(1);
});

it.each(["/projects/shop/pipelines/abc", "/projects/shop/deployments/0"])(
  "nothing is asked for %s",
  async (address) => {
    const asked = serve({});
    await router.navigate(address);
    expect(asked.map((each) => each.what)).toEqual(["GET /api/v1/me"]);
  },
);

it.each([
  "/",
  "/sign-in",
  "/projects/new",
  "/projects/shop/",
  "/projects/shop/deployments",
  "/projects/shop/pipelines/7",
  "/projects/shop/deployments/7",
  "/projects/shop/settings",
  "/projects/shop/settings/secrets",
  "/projects/shop/audit",
  "/account",
  "/audit",
  "/runners",
  "/users",
  "/nowhere",
  "/projects/shop/nowhere",
])("the part that is asked for first at %s is that of its route", (address) => {
  const route = matchRoutes(router.routes, address)?.at(-1)?.route;
  const path = route?.index === true ? "" : route?.path;
  expect(pathOf(address)).toBe(path === "*" ? undefined : path);
});
