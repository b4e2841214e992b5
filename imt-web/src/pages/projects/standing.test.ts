import { expect, test } from "vitest";

import type { Overview } from "../../api/queries";
import { standingText, standingTone } from "./standing";

// What is looked at of a line.
const lines = (...statuses: (string | null)[]) =>
  statuses.map((status) => ({ last: status === null ? null : { status } }) as Pick<Overview, "last">);

test("what is broken comes first, then what is under way", () => {
  const found = lines("success", "running", null, "failed", "success", "errored", "failed");
  expect(standingText(found)).toBe("1 errored, 2 failed, 1 running, 2 succeeded");
  expect(standingTone(found)).toBe("errored");
  expect(standingTone(lines("success", "pending", "cancelled"))).toBe("pending");
  expect(standingTone(lines("success", null))).toBe("success");
});

test("of projects that have run nothing there is nothing to tell", () => {
  expect(standingText(lines(null, null))).toBe("");
  expect(standingTone(lines())).toBeUndefined();
});
