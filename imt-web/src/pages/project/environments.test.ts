import { expect, test } from "vitest";

import type { Deployment, Release } from "../../api/queries";
import { environmentsOf, isOnItsWay } from "./environments";

function deployment(number: number, environment: string, status: string): Deployment {
  return {
    id: String(number),
    number,
    environment,
    host: "example.org",
    commit: `commit ${number}`,
    status,
    submitted_at: "2030-01-01T00:00:00Z",
  };
}

test("what succeeded last is live, whatever came after it", () => {
  const [production, staging] = environmentsOf([
    deployment(5, "staging", "deploying"),
    deployment(4, "production", "rolled_back"),
    deployment(3, "production", "success"),
    deployment(2, "production", "success"),
    deployment(1, "staging", "failed"),
  ]);
  expect(production).toMatchObject({ name: "production", live: { number: 3 }, last: { number: 4 } });
  expect(staging).toMatchObject({ name: "staging", live: null, last: { number: 5 } });
  expect([production, staging].map((environment) => environment && isOnItsWay(environment))).toEqual([
    false,
    true,
  ]);
});

test("a success that is the last one stands alone", () => {
  expect(environmentsOf([deployment(1, "a", "success")])).toEqual([
    { name: "a", live: deployment(1, "a", "success"), last: null },
  ]);
  expect(environmentsOf([])).toEqual([]);
});

test("what was deployed too long ago to be among the last deployments is live all the same", () => {
  const release = (environment: string, isCurrent = true) =>
    ({ id: environment, environment, is_current: isCurrent }) as Release;
  const found = environmentsOf(
    [deployment(9, "b", "failed"), deployment(8, "c", "success")],
    [release("a"), release("b"), release("c"), release("d", false)],
  );
  expect(found).toMatchObject([
    { name: "a", live: null, last: null, kept: { id: "a" } },
    { name: "b", live: null, last: { number: 9 }, kept: { id: "b" } },
    { name: "c", live: { number: 8 } },
  ]);
  expect(found[2]).not.toHaveProperty("kept");
});
