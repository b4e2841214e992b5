import { expect, test } from "vitest";

import { outcomeOf } from "./deliveries";

test.each([
  [{ state: "open", failure: null }, "is worked on", "pending", null],
  [{ state: "open", failure: "no answer" }, "tried again, as: no answer", "pending", null],
  [{ state: "settled", outcome: { type: "pipeline", id: "x", number: 7 } }, "made a pipeline", "success", 7],
  [{ state: "settled", outcome: { type: "failed", detail: "bad file" } }, "bad file", "failed", null],
  [
    { state: "settled", outcome: { type: "skipped", reason: "branch_removed" } },
    "it removed a branch",
    "skipped",
    null,
  ],
  [{ state: "settled", outcome: { type: "skipped", reason: "some_new" } }, "some new", "skipped", null],
  [{ state: "settled" }, "the server says no more", "skipped", null],
  [null, "the server says no more", "skipped", null],
])("%j is told as %s", (state, text, status, pipeline) => {
  expect(outcomeOf(state)).toEqual({ text, status, pipeline });
});
