import { expect, test } from "vitest";

import type { PipelineLine } from "../api/queries";
import { barsOf, summary, usualText } from "./PipelineChart";

function line(number: number, status: string, seconds: number | null): PipelineLine {
  const begin = Date.UTC(2030, 0, 1);
  const at = (ms: number) => new Date(ms).toISOString();
  return {
    id: String(number),
    number,
    status,
    event: "push",
    submitted_at: at(begin),
    ...(seconds === null ? {} : { started_at: at(begin), ended_at: at(begin + seconds * 1000) }),
  };
}

test("the newest is on the right, and the longest is the highest", () => {
  const { bars, fullMs } = barsOf(
    [line(3, "success", 10), line(2, "failed", 5), line(1, "skipped", null)],
    0,
  );
  expect(fullMs).toBe(10_000);
  expect(bars.some(({ isCut }) => isCut)).toBe(false);
  expect(bars.map((bar) => bar.pipeline.number)).toEqual([1, 2, 3]);
  expect(bars.map((bar) => bar.height)).toEqual([0, 0.5, 1]);
});

test("one that hung does not flatten the others", () => {
  const usual = Array.from({ length: 19 }, (_, n) => line(n + 1, "success", 100));
  const { bars, fullMs } = barsOf([line(20, "errored", 86_400), ...usual], 0);
  expect(bars.at(-1)?.height).toBe(1);
  // That it took longer than what it is drawn as is told.
  expect(fullMs).toBe(150_000);
  expect(bars.filter(({ isCut }) => isCut).map(({ pipeline }) => pipeline.number)).toEqual([20]);
  expect(bars[0]?.height).toBeCloseTo(2 / 3);
});

test("what still runs takes until now", () => {
  const running = { ...line(1, "running", 1), ended_at: null };
  expect(barsOf([running], Date.UTC(2030, 0, 1) + 7_000).bars[0]?.tookMs).toBe(7_000);
});

test("no pipelines are no bars, and the words count what is over", () => {
  expect(barsOf([], 0).bars).toEqual([]);
  expect(summary([line(3, "running", 1), line(2, "failed", 1), line(1, "success", 1)])).toBe(
    "1 of 2 pipelines succeeded",
  );
  expect(summary([line(3, "cancelled", 1), line(2, "skipped", null), line(1, "success", 1)])).toBe(
    "1 of 1 pipeline succeeded",
  );
});

test("what is usual is told by those that succeeded", () => {
  const lines = [line(5, "success", 8), line(4, "failed", 1), line(3, "success", 9), line(2, "success", 60)];
  expect(usualText(lines)).toBe("typically 9.0 s");
  expect(usualText([line(1, "failed", 3)])).toBe("");
});
