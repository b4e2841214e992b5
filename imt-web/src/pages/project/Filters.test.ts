import { expect, test } from "vitest";

import { filterOf } from "./Filters";

test("an address says what is listed", () => {
  expect(filterOf(new URLSearchParams("branch=main&status=failed&event=push&cursor=x"))).toEqual({
    branch: "main",
    status: "failed",
    event: "push",
    cursor: "x",
  });
});

test("what means nothing is not asked for", () => {
  expect(filterOf(new URLSearchParams("branch=&status=odd&event=&other=1"))).toEqual({});
});
