import { act, render, screen } from "@testing-library/react";
import { createMemoryRouter, RouterProvider } from "react-router";
import { expect, it, vi } from "vitest";

import { ahead } from "./ahead";

function begin(ask: (params: object) => Promise<unknown>) {
  let come: (page: { Component: () => string }) => void = () => undefined;
  const page = new Promise<{ Component: () => string }>((resolve) => (come = resolve));
  const router = createMemoryRouter(
    [{ path: "/of/:name", ...ahead(ask), lazy: () => page, hydrateFallbackElement: <></> }],
    { initialEntries: ["/of/shop"] },
  );
  render(<RouterProvider router={router} />);
  const arrives = async (): Promise<void> => {
    come({ Component: () => "the page" });
    await screen.findByText("the page");
  };
  return { router, arrives };
}

it("asks before the page is there, which waits for no answer", async () => {
  const ask = vi.fn(() => new Promise(() => undefined));
  const { arrives } = begin(ask);
  expect(ask.mock.calls).toEqual([[{ name: "shop" }]]);
  await arrives();
});

it("asks again for another name, and not when the rest of the address changes", async () => {
  const ask = vi.fn(() => Promise.resolve());
  const { router, arrives } = begin(ask);
  await arrives();
  await act(() => router.navigate("/of/shop?job=1"));
  expect(ask).toHaveBeenCalledTimes(1);
  await act(() => router.navigate("/of/mail"));
  expect(ask.mock.calls).toEqual([[{ name: "shop" }], [{ name: "mail" }]]);
});

it("shows the page though the asking fails", async () => {
  const { arrives } = begin(() => Promise.reject(new Error("the server does not answer")));
  await arrives();
});
