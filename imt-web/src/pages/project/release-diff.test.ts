import { expect, test } from "vitest";

import { differencesOf } from "./release-diff";

test("what changed, came and went is told; what is the same is not", () => {
  expect(
    differencesOf(
      { web: "web:1", db: "postgres:16", old: "old:1" },
      { web: "web:2", db: "postgres:16", cache: "redis" },
    ),
  ).toEqual([
    { service: "cache", from: null, to: "redis" },
    { service: "old", from: "old:1", to: null },
    { service: "web", from: "web:1", to: "web:2" },
  ]);
  expect(differencesOf({}, {})).toEqual([]);
});
