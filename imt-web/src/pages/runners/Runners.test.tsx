import { screen } from "@testing-library/react";
import { expect, test } from "vitest";

import { serve, show } from "../../testing";
import { toneOf } from "../../ui/status";
import { Component } from "./Runners";
import { standingOf } from "./standing";

const LIST = "GET /api/v1/runners";
const AT = "2030-01-01T00:00:00Z";

const runner = {
  instance: "one",
  host: "builder",
  version: "1.2.3",
  labels: ["gpu"],
  slots: 8,
  driving: 5,
  is_draining: false,
  is_alive: true,
  seen_at: AT,
  pipelines: [{ project: "shop", number: 7, jobs: ["unit", "lint"], started_at: AT }],
  deployments: [{ project: "shop", number: 3, environment: "production", started_at: AT }],
};

test("what a runner has in hand is told, and leads there", async () => {
  serve({ [LIST]: { items: [runner] } });
  show(<Component />);
  const pipeline = await screen.findByRole("link", { name: "shop #7" });
  expect(pipeline.getAttribute("href")).toBe("/projects/shop/pipelines/7");
  expect(screen.getByText("unit, lint")).toBeTruthy();
  const deployment = screen.getByRole("link", { name: "shop deployment #3" });
  expect(deployment.getAttribute("href")).toBe("/projects/shop/deployments/3");
  expect(screen.getByText("to production")).toBeTruthy();
  expect(screen.getByText("and 3 more")).toBeTruthy();
  expect(screen.getByText("gpu")).toBeTruthy();
  expect(screen.getByText("4 of 8 slots in use")).toBeTruthy();
});

test("a runner without anything says so", async () => {
  serve({ [LIST]: { items: [{ ...runner, driving: 0, pipelines: [], deployments: [] }] } });
  show(<Component />);
  expect(await screen.findByText("No jobs.")).toBeTruthy();
  expect(screen.getByText("0 of 8 slots in use")).toBeTruthy();
  expect(screen.getByText("idle")).toBeTruthy();
});

test("without a runner one is told how to get one", async () => {
  serve({ [LIST]: { items: [] } });
  show(<Component />);
  expect(await screen.findByText("No runner")).toBeTruthy();
  expect(screen.getByText(/Pipelines wait/)).toBeTruthy();
});

test.each([
  [{ is_alive: true, is_draining: false, driving: 0 }, "idle", "idle"],
  [{ is_alive: true, is_draining: false, driving: 1 }, "at work", "running"],
  [{ is_alive: true, is_draining: true, driving: 1 }, "draining", "running"],
  [{ is_alive: false, is_draining: true, driving: 1 }, "silent", "errored"],
])("%j is %s", (standing, text, tone) => {
  expect(standingOf(standing).text).toBe(text);
  expect(toneOf(standingOf(standing).status)).toBe(tone);
});
