import { fireEvent, screen, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";

import { serve, show } from "../../testing";
import { Component } from "./Projects";

const LIST = "GET /api/v1/overview";

const project = (name: string) => ({
  project: { id: name, name, repo_url: `/srv/${name}` },
  recent: [],
  environments: [],
});

test("without a project one is told what a project is, and how to make one", async () => {
  serve({ [LIST]: { items: [] } });
  show(<Component />);
  expect(await screen.findByText("No project yet")).toBeTruthy();
  expect(screen.getByRole("link", { name: "Make the first one" }).getAttribute("href")).toBe("/projects/new");
  // One of the two is what one looks at.
  const looks = ["Make the first one", "New project"].map(
    (name) => screen.getByRole("link", { name }).className,
  );
  expect(looks.map((look) => look.includes("bg-accent"))).toEqual([true, false]);
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
  expect(screen.getByText(/The first 1 by name/)).toBeTruthy();
  fireEvent.change(screen.getByLabelText("Find a project"), { target: { value: "zeb" } });
  expect(await screen.findByRole("link", { name: "zebra" })).toBeTruthy();
  expect(screen.getByRole("status").textContent).toBe("1 project found");
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

test("a row tells how the project stands, and asks nobody for it", async () => {
  const AT = "2030-01-01T00:00:00Z";
  const pipeline = { id: "p", number: 7, status: "failed", event: "push", submitted_at: AT };
  const deployment = {
    id: "d",
    number: 3,
    host: "h",
    commit: "c0ffee00c0ffee",
    status: "success",
    submitted_at: AT,
  };
  const line = {
    ...project("apple"),
    last: { ...pipeline, branch: "main", subject: "mend <b>it</b>", author: "Ann" },
    recent: [pipeline],
    environments: [{ name: "production", live: { ...deployment, environment: "production" } }],
  };
  const asked = serve({ [LIST]: { items: [line] } });
  show(<Component />);
  expect((await screen.findByRole("link", { name: "#7 failed" })).getAttribute("href")).toBe(
    "/projects/apple/pipelines/7",
  );
  expect(screen.getByText("mend <b>it</b>")).toBeTruthy();
  expect(screen.getByText("Ann")).toBeTruthy();
  expect(screen.getByText("c0ffee00")).toBeTruthy();
  expect(screen.getByLabelText("0 of the last 1 pipeline succeeded")).toBeTruthy();
  expect(asked.map(({ what }) => what)).toEqual([LIST]);
});
