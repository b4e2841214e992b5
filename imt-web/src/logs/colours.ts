// Colours that a program chose, as red, green and blue, and made readable on our backgrounds.
//
// Does not know of components; the sixteen named colours are the theme's and not here.
import { TRUE_COLOUR, type Colour } from "./style";

type Rgb = readonly [number, number, number];

/** The backgrounds of logs, as in logs.css. */
export const LIGHT: Rgb = [0xff, 0xff, 0xff];
export const DARK: Rgb = [0x0d, 0x11, 0x17];
const ENOUGH = 4.5;

const STEPS = [0, 95, 135, 175, 215, 255] as const;

/** Red, green and blue of a colour that is none of the sixteen. */
export function rgbOf(colour: Colour): Rgb {
  if (colour >= TRUE_COLOUR) return [(colour >> 16) & 255, (colour >> 8) & 255, colour & 255];
  if (colour >= 232) {
    const grey = 8 + (colour - 232) * 10;
    return [grey, grey, grey];
  }
  const place = colour - 16;
  const step = (n: number): number => STEPS[n % 6] ?? 0;
  return [step(Math.floor(place / 36)), step(Math.floor(place / 6)), step(place)];
}

export function css([red, green, blue]: Rgb): string {
  return `rgb(${red} ${green} ${blue})`;
}

/** The colour itself, or one towards black or white that can be read on the background. */
export function readable(colour: Rgb, background: Rgb): Rgb {
  const end: Rgb = luminance(background) > 0.18 ? [0, 0, 0] : [255, 255, 255];
  for (let share = 0; share < 1; share += 0.1) {
    const mixed = mix(colour, end, share);
    if (contrast(mixed, background) >= ENOUGH) return mixed;
  }
  return end;
}

/** Black or white, whichever can be read on it. */
export function inkOn(background: Rgb): Rgb {
  return contrast([0, 0, 0], background) >= contrast([255, 255, 255], background)
    ? [0, 0, 0]
    : [255, 255, 255];
}

/** By WCAG, 1 to 21. */
export function contrast(one: Rgb, other: Rgb): number {
  const [a, b] = [luminance(one), luminance(other)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

function luminance([red, green, blue]: Rgb): number {
  const linear = (value: number): number => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

function mix(one: Rgb, other: Rgb, share: number): Rgb {
  const part = (a: number, b: number): number => Math.round(a + (b - a) * share);
  return [part(one[0], other[0]), part(one[1], other[1]), part(one[2], other[2])];
}
