import { expect, test } from "vitest";

import { commitUrl } from "./forge";

const COMMIT = "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00";

test.each([
  ["https://github.com/acme/shop.git", `https://github.com/acme/shop/commit/${COMMIT}`],
  ["https://codeberg.org/acme/shop/", `https://codeberg.org/acme/shop/commit/${COMMIT}`],
  ["http://git.example:3000/acme/shop", `http://git.example:3000/acme/shop/commit/${COMMIT}`],
  ["https://gitlab.example/a/b/shop.git", `https://gitlab.example/a/b/shop/-/commit/${COMMIT}`],
  ["https://ann:secret@github.com/acme/shop.git?x#y", `https://github.com/acme/shop/commit/${COMMIT}`],
])("%s", (repository, page) => {
  expect(commitUrl(repository, COMMIT)).toBe(page);
});

test.each([
  "/srv/shop",
  "git@github.com:acme/shop.git",
  "ssh://git@host/shop",
  "javascript:alert(1)",
  "https://",
  "",
])("%j is no page", (repository) => {
  expect(commitUrl(repository, COMMIT)).toBeNull();
});

test("what is no commit leads nowhere", () => {
  expect(commitUrl("https://github.com/acme/shop", "../../evil")).toBeNull();
  expect(commitUrl(null, COMMIT)).toBeNull();
});
