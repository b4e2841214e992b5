import { expect, test } from "vitest";

import { ApiError } from "../../api/client";
import { adviceOf, isSsh } from "./problems";

const of = (code: string, detail: string) => adviceOf(new ApiError(422, code, detail, null));

test.each([
  ["the address of the repository is refused: its protocol is not allowed", /address/, false],
  ["there is no directory /srv/x; check the path of the repository", /nothing at this path/, false],
  ["there is no branch, tag or commit `refs/heads/x` in /srv/x; check", /no such branch/, true],
  ["the repository has no branch that is meant where none is named: it is empty", /no branch yet/, true],
  ["the path of the pipeline file has to lead into the repository", /could not be checked/, false],
])("what is refused as %j", (detail, title, mayGoOn) => {
  const advice = of("invalid", detail);
  expect(advice.title).toMatch(title);
  expect(advice.mayGoOn).toBe(mayGoOn);
});

test.each([
  ["git said `fatal: Authentication failed for 'https://h/x'`", /token/],
  ["git said `fatal: could not read Username for 'https://h'`", /token/],
  ["unable to access 'https://h/x': The requested URL returned error: 403", /token/],
  ["git said `fatal: repository 'https://h/x/' not found`", /no such repository/],
  ["Failed to connect to h port 443", /does not answer/],
])("what is away with %j", (detail, title) => {
  expect(of("unavailable", detail).title).toMatch(title);
});

test("a server that is away itself is no fault of the repository", () => {
  const advice = adviceOf(new ApiError(0, "unreachable", "The server does not answer.", null));
  expect(advice).toMatchObject({ title: "imt itself does not answer", mayGoOn: false });
});

test.each([
  ["git@github.com:acme/shop.git", true],
  ["ssh://git@host:2222/a", true],
  ["https://user@host/a:b", false],
  ["/srv/git@home:x", false],
  ["", false],
])("%j is reached over SSH: %s", (url, isIt) => {
  expect(isSsh(url)).toBe(isIt);
});
