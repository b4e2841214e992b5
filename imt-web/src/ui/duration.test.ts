import { expect, test } from "vitest";

import { count, relativeText, runningText, spanText } from "./duration";

test.each([
  [-5, "0 ms"],
  [0, "0 ms"],
  [850.4, "850 ms"],
  [1000, "1.0 s"],
  [9_999, "9.9 s"],
  [59_999, "59 s"],
  [60_000, "1m 00s"],
  [185_000, "3m 05s"],
  [3_599_999, "59m 59s"],
  [7_620_000, "2h 07m"],
  [90_000_000, "1d 01h"],
])("%d ms are %s", (ms, text) => {
  expect(spanText(ms)).toBe(text);
});

test("what goes on shows whole seconds", () => {
  expect(runningText(1_900)).toBe("1 s");
  expect(runningText(-10)).toBe("0 s");
  expect(runningText(61_500)).toBe("1m 01s");
});

test.each([
  [0, "just now"],
  [-2_000, "just now"],
  [8_000, "8 s ago"],
  [90_000, "1 min ago"],
  [3 * 3_600_000, "3 h ago"],
  [86_400_000, "1 day ago"],
  [59 * 86_400_000, "59 days ago"],
  [61 * 86_400_000, "2 months ago"],
  [800 * 86_400_000, "2 years ago"],
  [-600_000, "in 10 min"],
])("%d ms before now is %s", (before, text) => {
  const now = 1_800_000_000_000;
  expect(relativeText(now - before, now)).toBe(text);
});

test("one is not many", () => {
  expect(count(1, "job")).toBe("1 job");
  expect(count(0, "job")).toBe("0 jobs");
  expect(count(2, "entry", "entries")).toBe("2 entries");
  expect(count(999, "line")).toBe("999 lines");
  expect(count(1_000_000, "line")).toBe("1,000,000 lines");
});
