import { expect, test } from "vitest";

import { partsOf, plain, UNSEEN } from "./marks";

test.each([
  ["main", "main"],
  ["", ""],
  ["a\u202egnp.exe", "a[RLO]gnp.exe"],
  ["\u2066x\u2069", "[LRI]x[PDI]"],
  ["a\u0000b\u001b[31m", "a[␀]b[␛][31m"],
  ["tab\tend\n", "tab[⇥]end[↵]"],
  ["\u200bzero", "[ZWSP]zero"],
  ["car\rriage", "car[␍]riage"],
  ["\u3164filler", "[U+3164]filler"],
  ["c1\u009b", "c1[U+009B]"],
  ["\u{1d173}beam", "[U+1D173]beam"],
  ["❤\ufe0f 葛\u{e0100} \u0645\u06cc\u200c\u062e", "❤\ufe0f 葛\u{e0100} \u0645\u06cc\u200c\u062e"],
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

test("the tab of a log stays, and no control nor mark of direction does", () => {
  expect(UNSEEN.test("\t")).toBe(false);
  const seen = Array.from({ length: 0xa0 }, (_, code) => String.fromCharCode(code)).filter(
    (character) => !UNSEEN.test(character),
  );
  const ascii = Array.from({ length: 0x7f - 0x20 }, (_, n) => String.fromCharCode(0x20 + n));
  expect(seen).toEqual(["\t", ...ascii]);
  for (let code = 0x2028; code <= 0x206f; code += code === 0x202e ? 0x32 : 1) {
    expect(UNSEEN.test(String.fromCharCode(code)), code.toString(16)).toBe(true);
  }
});
