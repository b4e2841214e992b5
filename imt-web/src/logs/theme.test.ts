// The colours of logs can be read, in both themes.
import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { contrast, DARK, LIGHT } from "./colours";

const css = readFileSync("src/logs/logs.css", "utf8");

function coloursOf(selector: string): Map<string, readonly [number, number, number]> {
  const block = css.slice(css.indexOf(`${selector} {`), css.indexOf("}", css.indexOf(`${selector} {`)));
  const found = new Map<string, readonly [number, number, number]>();
  for (const [, name = "", red = "", green = "", blue = ""] of block.matchAll(
    /--log-([\w-]+): #(..)(..)(..);/g,
  )) {
    found.set(name, [parseInt(red, 16), parseInt(green, 16), parseInt(blue, 16)]);
  }
  return found;
}

describe.each([
  ["light", coloursOf(".log"), LIGHT],
  ["dark", coloursOf('[data-theme="dark"] .log'), DARK],
])("in the %s theme", (_, colours, background) => {
  const colour = (name: string): readonly [number, number, number] => colours.get(name) ?? [127, 127, 127];

  it("the background is the one that other colours are made readable on", () => {
    expect(colour("page")).toEqual(background);
  });

  it.each(["text", "muted", ...Array.from({ length: 16 }, (_, n) => String(n))])("%s can be read", (name) => {
    expect(contrast(colour(name), background)).toBeGreaterThanOrEqual(4.5);
  });

  it.each(["hit", "hit-here", "chosen"])("text can be read on %s", (name) => {
    expect(contrast(colour("text"), colour(name))).toBeGreaterThanOrEqual(4.5);
  });
});
