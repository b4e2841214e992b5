import { describe, expect, it } from "vitest";

import { contrast, DARK, inkOn, LIGHT, readable, rgbOf } from "./colours";
import { cook, NO_STYLES, stylesAfter, textOf, type Run } from "./cook";
import { PLAIN, styleAfter, TRUE_COLOUR } from "./style";

const out = (text: string): Run[] => [{ stream: "stdout", text }];
const shown = (text: string): string => textOf(cook(out(text), NO_STYLES, 1e6));

describe("a line", () => {
  it.each([
    ["plain", "plain"],
    ["10%\r20%\r30%", "30%"],
    ["long text\rab", "abng text"],
    ["long text\r\x1b[Kab", "ab"],
    ["text\r", "text"],
    ["text\r\r\r", "text"],
    ["\rtext", "text"],
    ["ab\x1b[2Kc", "  c"],
    ["abc\b\bX", "aXc"],
    ["abc\x1b[1GX", "Xbc"],
    ["abc\x1b[2DX", "aXc"],
    ["a\x1b[3CX", "a   X"],
    ["abcdef\x1b[2G\x1b[2Pxx", "axxf"],
    ["abc\x1b[1G\x1b[2@", "  abc"],
    ["abc\x1b[1K", ""],
    ["abc\x1b[K", "abc"],
    ["a\u0301b\rx", "xb"],
    ["a\tb", "a\tb"],
    ["\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\ after", "link after"],
    ["\x1b]8;;javascript:alert(1)\x07link\x1b]8;;\x07", "link"],
    ["\x1b]0;title\x07text", "text"],
    ["\x1b]0;no end text", "0;no end text"],
    ["\x1bPq#0;2;0;0;0\x1b\\text", "text"],
    ["\x1b[?25ltext\x1b[?25h", "text"],
    ["\x1b(Btext\x1b=", "text"],
    ["\x1b[\x1b[31mred", "red"],
    ["\x1b[31", "31"],
    ["\x1b", "␛"],
    ["a\0b\x07", "a␀b␇"],
    ["\x7f\x85\x9b31m", "␡‹U+0085›‹U+009B›31m"],
    ["a\u202eb\u2066c\u200bd\ufeff", "a‹RLO›b‹LRI›c‹ZWSP›d‹BOM›"],
    ["👩‍👩‍👧", "👩‍👩‍👧"],
    ["\u{e0041}", "‹U+E0041›"],
  ])("%j is shown as %j", (text, as) => {
    expect(shown(text)).toBe(as);
  });

  it("has a code put together that another stream came between", () => {
    const runs: Run[] = [
      { stream: "stdout", text: "a\x1b[3" },
      { stream: "stderr", text: "E" },
      { stream: "stdout", text: "1mred" },
    ];
    const { spans } = cook(runs, NO_STYLES, 99);
    expect(spans.map((span) => [span.stream, span.text, span.style.fg])).toEqual([
      ["stdout", "a", null],
      ["stderr", "E", null],
      ["stdout", "red", 1],
    ]);
    expect(stylesAfter(runs, NO_STYLES).stdout.fg).toBe(1);
    expect(stylesAfter(runs, NO_STYLES).stderr).toBe(PLAIN);
  });

  it("is cut where it is long, and not within a character", () => {
    const cut = cook(out("ab😀cd"), NO_STYLES, 3);
    expect([textOf(cut), cut.isCut]).toEqual(["ab", true]);
    expect(cook(out("abc"), NO_STYLES, 3).isCut).toBe(false);
    expect(cook(out("xx\rabcd"), NO_STYLES, 3)).toMatchObject({ isCut: true });
  });

  it("takes its styles from the line before", () => {
    const red = stylesAfter(out("\x1b[31mred"), NO_STYLES);
    expect(cook(out("still"), red, 99).spans[0]?.style.fg).toBe(1);
  });

  // Each of these would take minutes or all memory, were it done as it is said.
  it.each([
    ["far moves", "\x1b[9999999C".repeat(90_000) + "x"],
    ["many insertions", "y".repeat(20_000) + "\r" + "\x1b[9999@".repeat(100_000)],
    ["many deletions", "y".repeat(20_000) + "\r" + "\x1b[1P".repeat(200_000)],
    ["many erasures", "y".repeat(20_000) + "\x1b[1K".repeat(200_000)],
    ["open links", "\x1b]8;;".repeat(200_000)],
    ["open codes", "\x1b[1;".repeat(250_000)],
    ["returns", "10%\r".repeat(250_000)],
    ["zeros", "\0".repeat(1_000_000)],
    ["marks on one letter", "a" + "\u0301".repeat(500_000)],
    ["a long parameter", "\x1b[" + "1".repeat(1_000_000)],
  ])("of a million characters is done soon: %s", (_, text) => {
    const begin = performance.now();
    cook(out(text), NO_STYLES, 2000);
    stylesAfter(out(text), NO_STYLES);
    expect(performance.now() - begin).toBeLessThan(5000);
  });
});

describe("a style", () => {
  it.each([
    ["31", { fg: 1 }],
    ["97;100", { fg: 15, bg: 8 }],
    ["1;2;3;4;7;9", { bold: true, dim: true, italic: true, underline: true, inverse: true, strike: true }],
    ["38;5;208", { fg: 208 }],
    ["38;2;1;2;3;1", { fg: TRUE_COLOUR | 0x010203, bold: true }],
    ["48:2::1:2:3", { bg: TRUE_COLOUR | 0x010203 }],
    ["38:2:1:2:3", { fg: TRUE_COLOUR | 0x010203 }],
    ["38:5:9", { fg: 9 }],
    ["31;0", {}],
    ["31;39", {}],
    ["1;22", {}],
    ["31;;1", { bold: true }],
    ["38;5;256", {}],
    ["38;2;300;0;0", {}],
    ["38", {}],
    ["999", {}],
    ["?1", {}],
    ["4:3", { underline: true }],
    ["4;4:0", {}],
    ["8", {}],
  ])("after %s", (params, changes) => {
    expect(styleAfter(PLAIN, params)).toEqual({ ...PLAIN, ...changes });
  });
});

describe("a colour", () => {
  it("of the palette is what terminals have there", () => {
    expect([16, 21, 208, 231, 232, 255].map(rgbOf)).toEqual([
      [0, 0, 0],
      [0, 0, 255],
      [255, 135, 0],
      [255, 255, 255],
      [8, 8, 8],
      [238, 238, 238],
    ]);
  });

  it("can be read on both backgrounds, and text on it", () => {
    for (let colour = 16; colour < 256; colour += 1) {
      for (const background of [LIGHT, DARK]) {
        expect(contrast(readable(rgbOf(colour), background), background)).toBeGreaterThanOrEqual(4.5);
      }
      expect(contrast(inkOn(rgbOf(colour)), rgbOf(colour))).toBeGreaterThanOrEqual(4.5);
    }
  });

  it("that can be read stays as it is", () => {
    expect(readable([0, 0, 200], LIGHT)).toEqual([0, 0, 200]);
  });
});
