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
  expect(screen.getByText(/the first 1 by name. Search covers all/)).toBeTruthy();
  fireEvent.change(screen.getByLabelText("Find a project"), { target: { value: "zeb" } });
  expect(await screen.findByRole("link", { name: "zebra" })).toBeTruthy();
  expect(screen.getByRole("status").textContent).toBe("1 project found");
  expect(screen.queryByRole("link", { name: "apple" })).toBeNull();
  expect(asked.filter(({ what }) => what === LIST)).toHaveLength(3);
});

test("a state shows the projects that are in it, also those that are not listed yet, and lets go of them", async () => {
  const failed = {
    id: "p",
    number: 7,
    status: "failed",
    event: "push",
    submitted_at: "2030-01-01T00:00:00Z",
  };
  const zebra = { ...project("zebra"), last: failed, recent: [failed] };
  const pieces = [
    { items: [project("apple")], next: "2" },
    { items: [project("apple")], next: "2" },
    { items: [zebra] },
  ];
  serve({ [LIST]: () => pieces.shift() });
  show(<Component />);
  expect(await screen.findByRole("link", { name: "apple" })).toBeTruthy();
  // How many there are is not known: not all of them are.
  fireEvent.click(screen.getByRole("button", { name: "failed", pressed: false }));
  expect(await screen.findByRole("link", { name: "zebra" })).toBeTruthy();
  expect(screen.queryByRole("link", { name: "apple" })).toBeNull();
  fireEvent.click(screen.getByRole("button", { name: "failed", pressed: true }));
  expect(await screen.findByRole("link", { name: "apple" })).toBeTruthy();
});

test("how many are in a state is told where all are known", async () => {
  const last = { id: "p", number: 7, status: "success", event: "push", submitted_at: "2030-01-01T00:00:00Z" };
  serve({ [LIST]: { items: [{ ...project("apple"), last, recent: [last] }, project("pear")] } });
  show(<Component />);
  fireEvent.click(await screen.findByRole("button", { name: "1 succeeded" }));
  await waitFor(() => expect(screen.queryByRole("link", { name: "pear" })).toBeNull());
  expect(screen.getByRole("link", { name: "apple" })).toBeTruthy();
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
    last: {
      ...pipeline,
      reason: "exit_code",
      detail: "job unit ended with exit code 3",
      branch: "main",
      subject: "mend <b>it</b>",
      author: "Ann",
    },
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
  expect(screen.getByText("job unit ended with exit code 3")).toBeTruthy();
  expect(screen.getByText("c0ffee00")).toBeTruthy();
  expect(screen.getByLabelText("0 of 1 pipeline succeeded")).toBeTruthy();
  expect(asked.map(({ what }) => what)).toEqual([LIST]);
});
