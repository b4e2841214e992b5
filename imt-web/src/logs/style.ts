// How text of a log looks: what the codes of a terminal (SGR) say of colours and weight.
//
// Does not know where the codes are in a line, or how a style is painted.

/** 0 to 255: of the palette; from `TRUE_COLOUR` on: red, green and blue. */
export type Colour = number;
export const TRUE_COLOUR = 0x1000000;

export interface Style {
  readonly fg: Colour | null;
  readonly bg: Colour | null;
  readonly bold: boolean;
  readonly dim: boolean;
  readonly italic: boolean;
  readonly underline: boolean;
  readonly inverse: boolean;
  readonly strike: boolean;
}

export const PLAIN: Style = {
  fg: null,
  bg: null,
  bold: false,
  dim: false,
  italic: false,
  underline: false,
  inverse: false,
  strike: false,
};

/** What single codes change. Concealed (8) and blinking text (5, 6) is shown as any other: nothing in a log hides. */
const CHANGES: Readonly<Record<number, Partial<Style>>> = {
  0: PLAIN,
  1: { bold: true },
  2: { dim: true },
  3: { italic: true },
  4: { underline: true },
  7: { inverse: true },
  9: { strike: true },
  21: { underline: true },
  22: { bold: false, dim: false },
  23: { italic: false },
  24: { underline: false },
  27: { inverse: false },
  29: { strike: false },
  39: { fg: null },
  49: { bg: null },
};

/** The style after `ESC [ params m`. What is unknown changes nothing. */
export function styleAfter(style: Style, params: string): Style {
  if (params === "" || params === "0") return PLAIN;
  if (/[^\d:;]/.test(params)) return style;
  let next = style;
  const codes = params.split(";");
  for (let at = 0; at < codes.length; at += 1) {
    const word = codes[at] ?? "";
    const code = Number(word.split(":", 1)[0]);
    if (code === 38 || code === 48) {
      const read = word.includes(":") ? colourOfParts(word) : colourOfCodes(codes, at);
      at += read.used;
      if (read.colour !== null) next = { ...next, [code === 38 ? "fg" : "bg"]: read.colour };
    } else if (code === 4 && word === "4:0") {
      next = { ...next, underline: false };
    } else {
      const plain = colourOfCode(code);
      next = { ...next, ...(plain ?? CHANGES[code]) };
    }
  }
  return isSame(next, PLAIN) ? PLAIN : next;
}

/** The eight colours and their bright ones. */
function colourOfCode(code: number): Partial<Style> | null {
  if (code >= 30 && code <= 37) return { fg: code - 30 };
  if (code >= 40 && code <= 47) return { bg: code - 40 };
  if (code >= 90 && code <= 97) return { fg: code - 82 };
  if (code >= 100 && code <= 107) return { bg: code - 92 };
  return null;
}

interface ReadColour {
  readonly colour: Colour | null;
  /** How many codes after the first one belong to it. */
  readonly used: number;
}

/** `38;5;N` and `38;2;R;G;B`, from their first code on. */
function colourOfCodes(codes: string[], at: number): ReadColour {
  const kind = codes[at + 1];
  if (kind === "5") return { colour: ofPalette(codes[at + 2]), used: 2 };
  if (kind === "2") return { colour: ofParts(codes.slice(at + 2, at + 5)), used: 4 };
  return { colour: null, used: 0 };
}

/** `38:5:N`, `38:2:R:G:B` and `38:2:SPACE:R:G:B`. */
function colourOfParts(word: string): ReadColour {
  const parts = word.split(":");
  if (parts[1] === "5") return { colour: ofPalette(parts[2]), used: 0 };
  if (parts[1] === "2")
    return { colour: ofParts(parts.length > 5 ? parts.slice(3, 6) : parts.slice(2, 5)), used: 0 };
  return { colour: null, used: 0 };
}

function ofPalette(text: string | undefined): Colour | null {
  const colour = text === undefined || text === "" ? 0 : Number(text);
  return colour <= 255 ? colour : null;
}

function ofParts(parts: string[]): Colour | null {
  const [red = 0, green = 0, blue = 0] = parts.map(Number);
  if (red > 255 || green > 255 || blue > 255) return null;
  return TRUE_COLOUR | (red << 16) | (green << 8) | blue;
}

export function isSame(one: Style, other: Style): boolean {
  return (
    one === other ||
    (one.fg === other.fg &&
      one.bg === other.bg &&
      one.bold === other.bold &&
      one.dim === other.dim &&
      one.italic === other.italic &&
      one.underline === other.underline &&
      one.inverse === other.inverse &&
      one.strike === other.strike)
  );
}
