import { expect, test } from "vitest";

import { withoutColours } from "./DeploymentLog";

test.each([
  ["\u001b[1;32mok\u001b[0m done", "ok done"],
  ["one\r\ntwo\r\n", "one\ntwo\n"],
  ["10 %\r50 %\r100 %\nnext", "100 %\nnext"],
  ["\u001b]8;;javascript:alert(1)\u001b\\link\u001b]8;;\u001b\\", "link"],
  ["\u001b]0;title\u0007text", "text"],
  ["plain\ttext", "plain\ttext"],
])("%j is shown as %j", (text, shown) => {
  expect(withoutColours(text)).toBe(shown);
});
