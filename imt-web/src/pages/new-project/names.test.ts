import { expect, test } from "vitest";

import { suggestedName, wrongName } from "./names";

test.each([
  ["https://github.com/acme/Shop.git", "shop"],
  ["git@github.com:acme/shop", "shop"],
  ["ssh://git@host:2222/a/b c.git/", "b-c"],
  ["/srv/git/_x", "x"],
  ["", ""],
  ["https://example.org/%%%", ""],
])("%s is called %j", (url, name) => {
  expect(suggestedName(url)).toBe(name);
});

test("whatever is suggested is good", () => {
  for (const url of ["https://h/" + "é".repeat(5) + "A".repeat(99), "https://h/..x", "h:-_-"]) {
    expect(wrongName(suggestedName(url))).toBeNull();
  }
});

test("a name that cannot be one is told why", () => {
  expect(wrongName("Shop")).toMatch(/Lower-case/);
  expect(wrongName("-a")).toMatch(/beginning/);
  expect(wrongName("a".repeat(64))).toMatch(/63/);
  expect(wrongName("a.b-c_1")).toBeNull();
});
