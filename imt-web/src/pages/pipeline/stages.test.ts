import { expect, test } from "vitest";

import type { Attempt, Job } from "../../api/queries";
import { badAmongMany, countsOf, jobToShow, stagesOf, standing, together } from "./stages";

const attempt = (phase: string): Attempt => ({ attempt: 1, phase, created_at: "2030-01-01T00:00:00Z" });

function job(number: number, status: string, more: Partial<Job> = {}): Job {
  return {
    job: number,
    name: `job ${number}`,
    stage: "test",
    status,
    allow_failure: false,
    timeout_ms: 1,
    attempts: status === "pending" || status === "skipped" ? [] : [attempt("ended")],
    ...more,
  };
}

test("stages keep their order, and their jobs", () => {
  const stages = stagesOf([
    job(0, "success", { stage: "z" }),
    job(1, "running", { stage: "a" }),
    job(2, "pending", { stage: "a" }),
  ]);
  expect(stages.map((stage) => [stage.name, stage.jobs.length, stage.status])).toEqual([
    ["z", 1, "success"],
    ["a", 2, "running"],
  ]);
});

test.each([
  [["success", "success"], "success"],
  [["success", "failed", "running"], "failed"],
  [["errored", "success"], "errored"],
  [["success", "running"], "running"],
  [["pending", "pending"], "pending"],
  [["success", "pending"], "running"],
  [["skipped", "pending"], "pending"],
  [["cancelled", "success"], "cancelled"],
  [["skipped", "skipped"], "skipped"],
  [["skipped", "success"], "success"],
])("%j together are %s", (statuses, status) => {
  expect(together(statuses.map((each, place) => job(place, each)))).toBe(status);
});

test("what may fail does not make its stage fail", () => {
  expect(together([job(0, "success"), job(1, "failed", { allow_failure: true })])).toBe("success");
});

test("what broke is shown first, but for what may fail; then what runs; then what ended last", () => {
  const ended = job(0, "success");
  const allowed = job(1, "failed", { allow_failure: true });
  const running = job(2, "running", { attempts: [attempt("running")] });
  const broken = job(3, "failed");
  const waiting = job(4, "pending");
  expect(jobToShow([ended, allowed, running, broken, waiting])).toBe(broken);
  expect(jobToShow([ended, allowed, running, waiting])).toBe(running);
  expect(jobToShow([ended, allowed, waiting])).toBe(allowed);
  expect(jobToShow([waiting])).toBe(waiting);
  expect(jobToShow([])).toBeUndefined();
});

test("a job is preparing, or cancelling, until the server says how it ended", () => {
  const preparing = job(0, "running", { attempts: [attempt("preparing")] });
  expect(standing(preparing, {})).toBe("preparing");
  expect(standing(preparing, { cancel: "graceful" })).toBe("cancelling");
  expect(standing(job(0, "running", { attempts: [attempt("running")] }), {})).toBe("running");
  expect(standing(job(0, "pending"), { cancel: "graceful" })).toBe("pending");
  expect(standing(job(0, "cancelled"), { cancel: "graceful" })).toBe("cancelled");
});

test("counts begin with what went wrong", () => {
  expect(countsOf([job(0, "success"), job(1, "failed"), job(2, "success")])).toEqual([
    { status: "failed", count: 1 },
    { status: "success", count: 2 },
  ]);
});

test("what is bad is picked out where it is among many, and only there", () => {
  const many = Array.from({ length: 30 }, (_, number) =>
    job(number, number % 10 === 3 ? "failed" : "success"),
  );
  expect(badAmongMany([...many, job(30, "errored")])?.map(({ job }) => job)).toEqual([3, 13, 23, 30]);
  expect(badAmongMany(many.slice(0, 20))).toBeNull();
  expect(badAmongMany(many.filter(({ status }) => status === "success"))).toBeNull();
});
