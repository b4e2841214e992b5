// A part that cannot be fetched is tried again, is loaded anew where there are newer pages, and never for ever.
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { createMemoryRouter, RouterProvider } from "react-router";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Broken } from "./Broken";
import { part, PartMissing } from "./part";

const OURS = "/assets/index-1.js";
const page = (script: string) => `<script type="module" crossorigin src="${script}"></script>`;
const away = () => Promise.reject(new TypeError("Failed to fetch dynamically imported module"));
const there = { Component: () => <p>the page</p> };

let reloads: number;

beforeEach(() => {
  vi.useFakeTimers();
  sessionStorage.clear();
  const script = document.createElement("script");
  Object.assign(script, { type: "module", src: OURS });
  document.head.replaceChildren(script);
  reloads = 0;
  vi.spyOn(location, "reload").mockImplementation(() => void (reloads += 1));
  serves(() => new Response(page(OURS)));
});

afterEach(() => {
  vi.useRealTimers();
  document.head.replaceChildren();
});

function serves(first: () => Response) {
  vi.stubGlobal("fetch", () => Promise.resolve().then(first));
}

/** A part that is away so many times, and how often it was asked for. */
function failing(times: number, error: () => Promise<never> = away) {
  return vi.fn(() => (fetchIt.mock.calls.length > times ? Promise.resolve(there) : error()));
}
let fetchIt: ReturnType<typeof failing>;

const outcome = async () => {
  const ended = part(fetchIt).catch((error: unknown) => error);
  await vi.runAllTimersAsync();
  return ended;
};

test("a network that is away for a moment is not noticed", async () => {
  fetchIt = failing(2);
  expect(await outcome()).toBe(there);
  expect(fetchIt).toHaveBeenCalledTimes(3);
});

test("a part that cannot be had is tried so often and no more, with pauses that grow", async () => {
  fetchIt = failing(Infinity);
  const began = Date.now();
  const error = await outcome();
  expect(error).toBeInstanceOf(PartMissing);
  expect((error as PartMissing).isOutdated).toBe(false);
  expect(fetchIt).toHaveBeenCalledTimes(3);
  expect(Date.now() - began).toBe(3_500);
});

test("a part of pages that were replaced is not waited for", async () => {
  serves(() => new Response(page("/assets/index-2.js")));
  fetchIt = failing(Infinity);
  expect((await outcome()) as PartMissing).toMatchObject({ name: "PartMissing", isOutdated: true });
  expect(fetchIt).toHaveBeenCalledTimes(1);
});

test("a style sheet that is missing is not tried again: the part would come without it", async () => {
  fetchIt = failing(1, () => Promise.reject(new Error("Unable to preload CSS for /assets/a.css")));
  expect(await outcome()).toBeInstanceOf(PartMissing);
  expect(fetchIt).toHaveBeenCalledTimes(1);
});

async function open() {
  // A router says on the console what it hands to an element for errors.
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  const around = { errorElement: <Broken />, hydrateFallbackElement: <></> };
  const routes = [{ path: "/", lazy: () => part(fetchIt), ...around }];
  render(<RouterProvider router={createMemoryRouter(routes)} />);
  await act(() => vi.runAllTimersAsync());
}

test("newer pages are loaded, once", async () => {
  serves(() => new Response(page("/assets/index-2.js")));
  fetchIt = failing(Infinity);
  await open();
  expect(reloads).toBe(1);
  cleanup();
  await open();
  expect(reloads).toBe(1);
  fireEvent.click(screen.getByRole("button", { name: "Try again" }));
  await act(() => vi.runAllTimersAsync());
  expect(reloads).toBe(2);
});

test("newer pages are loaded again once a part of theirs was fetched", async () => {
  serves(() => new Response(page("/assets/index-2.js")));
  fetchIt = failing(1);
  await open();
  expect(reloads).toBe(1);
  cleanup();
  await open();
  expect(screen.getByText("the page")).toBeTruthy();
  cleanup();
  fetchIt = failing(Infinity);
  await open();
  expect(reloads).toBe(2);
});

test("a page without its server says so, and stays until there is one again", async () => {
  serves(() => {
    throw new TypeError("Failed to fetch");
  });
  fetchIt = failing(5);
  await open();
  expect(screen.getByRole("heading").textContent).toBe("This page could not be fetched");
  const again = screen.getByRole("button", { name: "Try again" });
  fireEvent.click(again);
  await act(() => vi.runAllTimersAsync());
  expect(reloads).toBe(0);
  fireEvent.click(again);
  await act(() => vi.runAllTimersAsync());
  expect(reloads).toBe(1);
});

test("a network that comes back brings the page", async () => {
  fetchIt = failing(4);
  await open();
  expect(reloads).toBe(0);
  window.dispatchEvent(new Event("online"));
  await act(() => vi.runAllTimersAsync());
  expect(reloads).toBe(1);
});
