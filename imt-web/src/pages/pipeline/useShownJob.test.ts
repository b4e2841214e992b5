import { expect, test } from "vitest";

import type { Job } from "../../api/queries";
import { nextJob } from "./useShownJob";

function job(number: number, status: string): Job {
  const attempts =
    status === "pending" ? [] : [{ attempt: 1, phase: "running", created_at: "2030-01-01T00:00:00Z" }];
  return {
    job: number,
    name: `job ${number}`,
    stage: "test",
    status,
    allow_failure: false,
    timeout_ms: 1,
    attempts,
  };
}

test("what runs stays, whatever runs beside it", () => {
  expect(nextJob([job(0, "running"), job(1, "running")], 1, 60_000)).toEqual({ job: 1, inMs: 0 });
});

test("what has ended stays a little before the next one is shown", () => {
  const jobs = [job(0, "success"), job(1, "running")];
  expect(nextJob(jobs, 0, 1_000)).toEqual({ job: 1, inMs: 2_000 });
  expect(nextJob(jobs, 0, 10_000)).toEqual({ job: 1, inMs: 0 });
});

test("what breaks is shown at once, even while another one runs", () => {
  expect(nextJob([job(0, "running"), job(1, "failed")], 0, 0)).toEqual({ job: 1, inMs: 0 });
});

test("nothing is nothing, and the first one comes at once", () => {
  expect(nextJob([], undefined, 0)).toEqual({ job: undefined, inMs: 0 });
  expect(nextJob([job(0, "pending")], undefined, 0)).toEqual({ job: 0, inMs: 0 });
});
