import { expect, test } from "vitest";

import type { Job, Pipeline } from "../../api/queries";
import { jobWaitingText, segmentsOf, timesText, totalMs, waitingText } from "./timeline";

const begin = Date.UTC(2030, 0, 1);
const at = (seconds: number) => new Date(begin + seconds * 1000).toISOString();

function job(number: number, stage: string, status: string, attempts: Job["attempts"] = []): Job {
  return { job: number, name: `job ${number}`, stage, status, allow_failure: false, timeout_ms: 1, attempts };
}

function pipeline(more: Partial<Pipeline> = {}): Pipeline {
  return {
    id: "p",
    number: 1,
    status: "running",
    event: "push",
    submitted_at: at(0),
    started_at: at(1),
    labels: [],
    deploys: false,
    jobs: [],
    deployments: [],
    ...more,
  };
}

test("each attempt is made ready and runs; the last one may go on", () => {
  const retried = job(0, "test", "running", [
    { attempt: 1, phase: "ended", created_at: at(1), started_at: at(2), ended_at: at(5), status: "failed" },
    { attempt: 2, phase: "running", created_at: at(6), started_at: at(7) },
  ]);
  expect(segmentsOf(retried, begin)).toEqual([
    { kind: "preparing", from: 1000, to: 2000, attempt: 1, status: "failed" },
    { kind: "running", from: 2000, to: 5000, attempt: 1, status: "failed" },
    { kind: "preparing", from: 6000, to: 7000, attempt: 2, status: null },
    { kind: "running", from: 7000, to: null, attempt: 2, status: null },
  ]);
});

test("an attempt that never began ends where it was being made ready", () => {
  const lost = job(0, "test", "errored", [
    { attempt: 1, phase: "ended", created_at: at(1), ended_at: at(4), status: "errored" },
  ]);
  expect(segmentsOf(lost, begin)).toEqual([
    { kind: "preparing", from: 1000, to: 4000, attempt: 1, status: "errored" },
  ]);
});

test("the times of the last attempt are told in words", () => {
  const first = { attempt: 1, phase: "ended", created_at: at(1), started_at: at(2), ended_at: at(5) };
  const second = { attempt: 2, phase: "ended", created_at: at(6), started_at: at(6.9), ended_at: at(9) };
  const told = (...attempts: Job["attempts"]) => timesText(segmentsOf(job(0, "test", "x", attempts), begin));
  expect(told(first, second)).toBe("made ready 900 ms, ran 2.1 s");
  expect(told({ ...first, ended_at: null })).toBe("made ready 1.0 s, running");
  expect(told({ ...first, started_at: null, ended_at: null })).toBe("being made ready");
  expect(told()).toBe("");
});

test("the whole is until the end, or now, and never nothing", () => {
  expect(totalMs(pipeline({ ended_at: at(9) }), begin + 99_000)).toBe(9_000);
  expect(totalMs(pipeline(), begin + 3_000)).toBe(3_000);
  expect(totalMs(pipeline(), begin - 10)).toBe(1);
});

test.each([
  [{ type: "no_runner" }, "no runner is there"],
  [{ type: "no_such_runner", labels: ["gpu", "arm"] }, "no runner has all of its labels: gpu, arm"],
  [{ type: "turn", ahead: 0 }, "all runners are busy, and it is the next"],
  [{ type: "turn", ahead: 1 }, "all runners are busy, and 1 pipeline of this project is before it"],
  [{ type: "turn", ahead: 7 }, "all runners are busy, and 7 pipelines of this project are before it"],
  [{ type: "something new" }, "the server says no more"],
])("%j is told", (waiting, text) => {
  expect(waitingText(waiting)?.text).toBe(text);
});

test("nothing waits where nothing is said", () => {
  expect(waitingText(null)).toBeNull();
  expect(waitingText(undefined)).toBeNull();
});

test("a job waits for earlier stages, then for its turn", () => {
  const jobs = [
    job(0, "build", "running"),
    job(1, "test", "pending"),
    job(2, "pack", "pending"),
    job(3, "pack", "pending"),
  ];
  const why = (number: number) => {
    const found = jobs[number];
    return found && jobWaitingText(found, jobs, pipeline());
  };
  expect(why(1)).toBe("stage build comes first");
  expect(why(2)).toBe("stages build, test come first");
  jobs[0] = job(0, "build", "success");
  jobs[1] = job(1, "test", "success");
  expect(why(3)).toBe("other jobs of its stage run first");
  expect(why(0)).toBeNull();
});

test("a job of a pipeline that waits, waits for the same", () => {
  const waiting = pipeline({ waiting: { type: "no_runner" } as never });
  expect(jobWaitingText(job(0, "test", "pending"), [], waiting)).toBe("no runner is there");
});
