import { fireEvent, screen, waitFor } from "@testing-library/react";
import { beforeEach, expect, test, vi } from "vitest";

import { serve, show } from "../../testing";
import { Component } from "./Projects";

const LIST = "GET /api/v1/projects";

const project = (name: string) => ({ id: name, name, repo_url: `/srv/${name}` });

beforeEach(() => {
  // Rows ask for more once they are seen: here none is.
  vi.stubGlobal(
    "IntersectionObserver",
    class {
      observe = vi.fn();
      disconnect = vi.fn();
    },
  );
});

test("without a project one is told what a project is, and how to make one", async () => {
  serve({ [LIST]: { items: [] } });
  show(<Component />);
  expect(await screen.findByText("No project yet")).toBeTruthy();
  expect(screen.getByRole("link", { name: "Make the first one" }).getAttribute("href")).toBe("/projects/new");
});

test("one looks among all projects, also those that are not listed yet", async () => {
  // As the server is asked: the first piece for the list; then, for the search, the first and the second.
  const pieces = [
    { items: [project("apple")], next: "2" },
    { items: [project("apple")], next: "2" },
    { items: [project("zebra")] },
  ];
  const asked = serve({ [LIST]: () => pieces.shift() });
  show(<Component />);
  expect(await screen.findByRole("link", { name: "apple" })).toBeTruthy();
  fireEvent.change(screen.getByLabelText("Find a project"), { target: { value: "zeb" } });
  expect(await screen.findByRole("link", { name: "zebra" })).toBeTruthy();
  expect(screen.queryByRole("link", { name: "apple" })).toBeNull();
  expect(asked.filter(({ what }) => what === LIST)).toHaveLength(3);
});

test("what is not there is said to be so", async () => {
  const asked = serve({ [LIST]: { items: [project("apple")] } });
  show(<Component />);
  await screen.findByRole("link", { name: "apple" });
  fireEvent.change(screen.getByLabelText("Find a project"), { target: { value: "zeb" } });
  await waitFor(() => expect(screen.getByText(/No project has/)).toBeTruthy());
  // All of them were listed: nobody is asked again.
  expect(asked.filter(({ what }) => what === LIST)).toHaveLength(1);
});
