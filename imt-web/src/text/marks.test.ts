import { expect, test } from "vitest";

import { partsOf, plain } from "./marks";

test.each([
  ["main", "main"],
  ["", ""],
  ["a\u202egnp.exe", "a[RLO]gnp.exe"],
  ["\u2066x\u2069", "[LRI]x[PDI]"],
  ["a\u0000b\u001b[31m", "a[␀]b[␛][31m"],
  ["tab\tend\n", "tab[⇥]end[↵]"],
  ["\u200bzero", "[ZWSP]zero"],
  ["c1\u009b", "c1[U+009B]"],
  ["tag\u{e0041}", "tag[U+E0041]"],
  ["العربية", "العربية"],
  ["👩\u200d🚀", "👩\u200d🚀"],
  ["<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"],
])("%j is shown as %j", (text, shown) => {
  expect(plain(text)).toBe(shown);
});

test("nothing of a text is lost", () => {
  const text = "one\u202etwo\u0007three";
  const seen = partsOf(text).flatMap((part) => (part.kind === "text" ? [part.text] : []));
  expect(seen).toEqual(["one", "two", "three"]);
});
