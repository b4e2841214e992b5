// What gives or takes rights asks first, and tells afterwards who has which.
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { serve, show } from "../../testing";
import { Toasts } from "../../ui/Toasts";
import { Component } from "./Users";

const BOB = {
  id: "u1",
  name: "bob",
  email: "bob@example.org",
  is_email_verified: true,
  is_admin: false,
  is_disabled: false,
  seen_at: "2030-01-01T00:00:00Z",
};
const PATCH = "PATCH /api/v1/users/u1";

async function choose(user: object, item: RegExp) {
  const asked = serve({
    "GET /api/v1/me": { id: "u0", name: "ann", is_admin: true, is_single_user: false },
    "GET /api/v1/users": { items: [{ ...BOB, ...user }] },
    [PATCH]: {},
  });
  show(
    <>
      <Component />
      <Toasts />
    </>,
  );
  const menu = await screen.findByRole("button", { name: "Change bob" });
  fireEvent.keyDown(menu, { key: "Enter" });
  fireEvent.click(await screen.findByRole("menuitem", { name: item }));
  return () => asked.filter(({ what }) => what === PATCH).map(({ body }) => body);
}

test.each([
  [{}, /^make an administrator/, "Make an administrator", { is_admin: true }, "is an administrator now"],
  [
    { is_admin: true },
    /^no administrator/,
    "Take them away",
    { is_admin: false },
    "is no administrator any more",
  ],
  [{}, /^keep out/, "Keep out", { is_disabled: true }, "is kept out"],
])("%j: %s asks first", async (user, item, deed, body, told) => {
  const bodies = await choose(user, item);
  const dialog = await screen.findByRole("dialog");
  expect(within(dialog).getByText("bob@example.org")).toBeTruthy();
  expect(bodies()).toEqual([]);
  fireEvent.click(within(dialog).getByRole("button", { name: deed }));
  expect(await screen.findByText(`bob@example.org ${told}`)).toBeTruthy();
  expect(bodies()).toEqual([body]);
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
});

test("what is asked can be left", async () => {
  const bodies = await choose({}, /^make an administrator/);
  fireEvent.click(await screen.findByRole("button", { name: "Leave it" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(bodies()).toEqual([]);
});
