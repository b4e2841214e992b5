import { expect, test } from "vitest";

import type { Change } from "../../live/messages";
import { after, BEGIN, type Course } from "./steps";

function told(...kinds: ({ type: string } & Record<string, unknown>)[]): Course {
  const changes: Change[] = kinds.map((kind, second) => ({ at: `2030-01-01T00:00:0${second}Z`, kind }));
  return changes.reduce(after, BEGIN);
}

const began = (step: string, number = 1) => ({ type: "step_began", step, number });
const ended = (step: string, result: unknown) => ({ type: "step_ended", step, result });

test("steps begin, and end as they should", () => {
  const course = told(
    { type: "started" },
    began("resolve"),
    ended("resolve", { done: { warnings: ["old compose"] } }),
    began("up"),
  );
  expect(course.steps).toMatchObject([
    {
      name: "resolve",
      state: "done",
      beganAt: "2030-01-01T00:00:01Z",
      endedAt: "2030-01-01T00:00:02Z",
      warnings: ["old compose"],
    },
    { name: "up", state: "running", endedAt: null },
  ]);
});

test("a failure has its evidence, and what follows is on the way back", () => {
  const services = [
    {
      service: "web",
      container: "c",
      cause: "crash_loop",
      state: "restarting",
      restarts: 4,
      exit_code: 1,
      is_oom_killed: false,
      error: null,
    },
  ];
  const course = told(
    began("verify"),
    ended("verify", { failed: { reason: "unhealthy", detail: "web is not healthy", services } }),
    { type: "turned_back", path: "rollback", restore: "r" },
    began("restore_up"),
  );
  expect(course.path).toBe("rollback");
  expect(course.steps[0]).toMatchObject({
    state: "failed",
    detail: "web is not healthy",
    services: [
      { service: "web", cause: "crash_loop", restarts: 4, exitCode: 1, isOutOfMemory: false, error: null },
    ],
  });
  expect(course.steps.map((step) => step.isBack)).toEqual([false, true]);
});

test("a step that begins again takes the place of its try that never ended", () => {
  const course = told(began("pull"), { type: "contact_lost", step: "pull" }, began("pull", 2));
  expect(course.steps).toMatchObject([{ name: "pull", number: 2, state: "running" }]);
});

test("contact that is lost, and a stop, are shown until the end", () => {
  expect(told(began("up"), { type: "contact_lost", step: "up" }).steps[0]?.state).toBe("lost");
  expect(told(began("up"), { type: "step_stopping", step: "up", cause: "cancel" }).steps[0]?.state).toBe(
    "stopping",
  );
  expect(told(began("up"), ended("up", "not_begun")).steps[0]?.state).toBe("not_begun");
});

test("services are seen to get well, and a try that begins again has seen nothing yet", () => {
  const seen = (...states: string[]) => ({
    type: "services_seen",
    step: "verify",
    services: states.map((state, place) => ({ service: `s${place}`, state, outlook: "pending" })),
  });
  const course = told(began("verify"), seen("starting", "running"), seen("healthy"));
  expect(course.steps[0]?.standings).toMatchObject([
    { service: "s0", state: "healthy", since: "2030-01-01T00:00:02Z" },
    { service: "s1", state: "running", since: "2030-01-01T00:00:01Z" },
  ]);
  const again = after(course, { at: "2030-01-01T00:01:00Z", kind: began("verify", 2) });
  expect(again.steps).toMatchObject([{ number: 2, standings: [] }]);
});

test("who holds the target is told until it is free", () => {
  const waiting = told(began("lock"), { type: "waiting", holder: "deployment 3" });
  expect(waiting.holder).toBe("deployment 3");
  const free = after(waiting, { at: "2030-01-01T00:01:00Z", kind: ended("lock", { done: {} }) });
  expect(free.holder).toBeNull();
});

test("what is new to these pages does no harm", () => {
  expect(told({ type: "something_new", step: {} }, ended("never_began", { done: null }))).toEqual(BEGIN);
});
