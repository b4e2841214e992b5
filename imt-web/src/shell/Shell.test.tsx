import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import { createMemoryRouter, RouterProvider, useLocation } from "react-router";
import { expect, test, vi } from "vitest";

import { Shell } from "./Shell";

function Where() {
  const here = useLocation();
  return <p>{`at ${here.pathname}${here.search}`}</p>;
}

function open(path: string, response: () => Response) {
  vi.stubGlobal("fetch", () => Promise.resolve(response()));
  const router = createMemoryRouter(
    [
      { path: "/sign-in", element: <Where /> },
      { path: "/", element: <Shell />, children: [{ path: "*", element: <Where /> }] },
    ],
    { initialEntries: [path] },
  );
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  );
}

test("whoever is not signed in is sent to sign in, and knows the way back", async () => {
  const problem = { code: "unauthenticated", title: "Unauthorized", status: 401, detail: "sign in" };
  open("/projects/shop?branch=a b#x", () => Response.json(problem, { status: 401 }));
  expect(
    await screen.findByText("at /sign-in?return_to=%2Fprojects%2Fshop%3Fbranch%3Da%20b%23x"),
  ).toBeTruthy();
});

test("a server that is away is said to be so, with another try", async () => {
  open("/projects/shop", () => new Response("", { status: 502 }));
  expect(await screen.findByText("The server answered 502.")).toBeTruthy();
  expect(screen.getByRole("button", { name: "Try again" })).toBeTruthy();
});

test("who is signed in sees the page, and only what is his", async () => {
  const me = { id: "1", name: "ann", is_admin: false, is_single_user: false };
  open("/projects/shop", () => Response.json(me));
  expect(await screen.findByText("at /projects/shop")).toBeTruthy();
  expect(screen.queryByRole("link", { name: "Users" })).toBeNull();
});
