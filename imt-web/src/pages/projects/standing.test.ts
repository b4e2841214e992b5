import { expect, test } from "vitest";

import { isIn, standingTone, statesOf, type Line } from "./standing";

// What is looked at of a line.
function line(status: string | null, ...deployments: (string | null)[]): Line {
  const environments = deployments.map((last) => ({ last: last === null ? null : { status: last } }));
  return { last: status === null ? null : { status }, environments } as unknown as Line;
}

const lines = (...statuses: (string | null)[]) => statuses.map((status) => line(status));

function told(found: readonly Line[], others?: readonly string[]): string[] {
  return statesOf(found, others).map(
    ({ count, name, isOfDeployments }) => `${count} ${name}${isOfDeployments ? " (deployments)" : ""}`,
  );
}

test("what is broken comes first, then what is under way", () => {
  const found = lines("success", "running", null, "failed", "success", "errored", "failed");
  expect(told(found)).toEqual(["1 errored", "2 failed", "1 running", "2 succeeded"]);
  expect(standingTone(found)).toBe("errored");
  expect(standingTone(lines("success", "pending", "cancelled"))).toBe("pending");
  expect(standingTone(lines("success", null))).toBe("success");
});

test("a deployment that was rolled back counts, although the pipeline succeeded", () => {
  const found = [
    line("success", null, "rolled_back"),
    line("success", "deploying", "deploying"),
    line("failed"),
  ];
  expect(told(found)).toEqual([
    "1 failed",
    "2 succeeded",
    "1 rolled back (deployments)",
    "1 deploying (deployments)",
  ]);
  expect(standingTone(found.slice(0, 2))).toBe("errored");
});

test("a project is in the states of its pipeline and of its deployments, and in no other", () => {
  const project = line("success", "failed");
  expect(isIn(project, "success")).toBe(true);
  expect(isIn(project, "deployment-failed")).toBe(true);
  expect(isIn(project, "failed")).toBe(false);
});

test("what is chosen can be let go of, even where nothing is in it any more", () => {
  expect(told(lines("success"), ["failed", "success"])).toEqual(["0 failed", "1 succeeded"]);
});

test("of projects that have run nothing there is nothing to tell", () => {
  expect(statesOf(lines(null, null))).toEqual([]);
  expect(standingTone(lines())).toBeUndefined();
});
