import { expect, test } from "vitest";

import { safeReturn } from "./SignIn";

test.each([
  [null, "/"],
  ["", "/"],
  ["/projects/shop?x=1#L3", "/projects/shop?x=1#L3"],
  ["//evil.example", "/"],
  ["/\\evil.example", "/"],
  ["https://evil.example", "/"],
  ["javascript:alert(1)", "/"],
])("%s leads to %s", (asked, path) => {
  expect(safeReturn(asked)).toBe(path);
});
