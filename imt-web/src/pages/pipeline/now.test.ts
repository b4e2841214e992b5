import { expect, test } from "vitest";

import type { Job, Pipeline } from "../../api/queries";
import { nowOf } from "./now";

function job(name: string, status: string, isBegun = true): Job {
  return { name, status, attempts: isBegun ? [{}] : [] } as unknown as Job;
}

function text(about: Partial<Pipeline>): string {
  return nowOf({ status: "running", jobs: [], ...about } as Pipeline).text;
}

test("what runs is named, as far as there is room", () => {
  const jobs = ["a", "b", "c", "d", "e"].map((name) => job(name, "running"));
  expect(text({ jobs: [job("z", "success"), ...jobs, job("y", "pending", false)] })).toBe(
    "1 of 7 jobs done. Running: a, b, c and 2 more.",
  );
  expect(text({ jobs: [job("z", "pending", false)] })).toBe("0 of 1 job done.");
});

test("what it waits for stands before all else, until it is over", () => {
  const waiting = { type: "no_runner" } as const;
  expect(nowOf({ status: "pending", jobs: [], waiting } as unknown as Pipeline)).toMatchObject({
    status: "pending",
    text: expect.stringContaining("no runner is there") as string,
  });
  expect(text({ status: "cancelled", reason: "user", waiting })).toBe("somebody asked for the end");
});

test("how it ended, and why", () => {
  const jobs = [job("a", "success"), job("b", "success")];
  expect(text({ status: "success", jobs })).toBe("All 2 jobs are over, and none failed.");
  expect(text({ status: "success", jobs: [...jobs, job("c", "failed")] })).toContain("1 job that may fail");
  expect(text({ status: "failed", jobs, detail: "job `a` ended with exit code 3" })).toContain("exit code 3");
});
