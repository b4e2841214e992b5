// A style as attributes of an element: classes, and variables for colours.
//
// Does not know the theme: colours that a program chose are given for both, and CSS takes the right one.
import type { CSSProperties } from "react";

import { css, DARK, inkOn, LIGHT, readable, rgbOf } from "./colours";
import { PLAIN, type Colour, type Style } from "./style";

export interface Paint {
  readonly className?: string;
  readonly style?: CSSProperties;
}

const NOTHING: Paint = {};
const known = new WeakMap<Style, Paint>();

export function paintOf(style: Style): Paint {
  if (style === PLAIN) return NOTHING;
  let paint = known.get(style);
  if (!paint) known.set(style, (paint = made(style)));
  return paint;
}

type Variables = CSSProperties & { "--log-ink"?: string; "--log-paper"?: string };

function made({ fg, bg, bold, dim, italic, underline, inverse, strike }: Style): Paint {
  const classes: string[] = [];
  const variables: Variables = {};
  // Most of what is coloured. A class costs less than a variable for each of them.
  const isNamed = fg !== null && fg < 16 && bg === null && !inverse;
  // On a background of its own a text has the colour that was asked for, or one that can be read there.
  if (fg !== null && !isNamed) variables["--log-ink"] = inkOf(fg, bg);
  if (bg !== null) {
    variables["--log-paper"] = paperOf(bg);
    if (fg === null && bg >= 16 && !inverse) variables["--log-ink"] = css(inkOn(rgbOf(bg)));
  }
  if (inverse) classes.push("log-inverse");
  else if (bg !== null) classes.push("log-paper");
  else if (fg !== null) classes.push(isNamed ? `log-fg-${fg}` : "log-ink");
  else if (dim) classes.push("log-dim");
  if (bold) classes.push("font-bold");
  if (italic) classes.push("italic");
  const lines = [underline ? "underline" : "", strike ? "line-through" : ""].filter(Boolean).join(" ");
  if (lines !== "") variables.textDecoration = lines;
  return { className: classes.join(" "), style: variables };
}

function inkOf(fg: Colour, bg: Colour | null): string {
  if (fg < 16) return `var(--log-${fg})`;
  const colour = rgbOf(fg);
  if (bg !== null) return css(colour);
  return `light-dark(${css(readable(colour, LIGHT))}, ${css(readable(colour, DARK))})`;
}

function paperOf(bg: Colour): string {
  return bg < 16 ? `var(--log-${bg})` : css(rgbOf(bg));
}
