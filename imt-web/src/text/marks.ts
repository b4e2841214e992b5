// Finds what is in a text and not to be seen: marks that turn its direction, control characters, characters without
// width. It knows nothing of how they are shown.

/** A stretch of a text: either as it stands, or one character that would not be seen. */
export type Part = { kind: "text"; text: string } | { kind: "mark"; name: string };

const NAMES: Record<number, string> = {
  0x0009: "⇥",
  0x000a: "↵",
  0x007f: "␡",
  0x00ad: "SHY",
  0x061c: "ALM",
  0x180e: "MVS",
  0x200b: "ZWSP",
  0x200e: "LRM",
  0x200f: "RLM",
  0x2028: "LS",
  0x2029: "PS",
  0x202a: "LRE",
  0x202b: "RLE",
  0x202c: "PDF",
  0x202d: "LRO",
  0x202e: "RLO",
  0x2060: "WJ",
  0x2066: "LRI",
  0x2067: "RLI",
  0x2068: "FSI",
  0x2069: "PDI",
  0xfeff: "BOM",
};

/**
 * What cannot stay as it is in a line: controls but the tab, marks of direction, and what Unicode has nothing shown for. Left alone are
 * the joiners and the selectors of a variant, with which emoji and some scripts are written.
 */
export const UNSEEN = /[\p{Cc}\p{DI}\u2028\u2029\ufff9-\ufffb](?<!\t|\u200c|\u200d|\p{VS})/u;

const UNSEEN_OR_TAB = new RegExp(`${UNSEEN.source}|\\t`, "gu");

/** What a character that is not to be seen is called: of a control it is a picture, of all others letters. */
export function nameOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const name = NAMES[code];
  if (name !== undefined) return name;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  return `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}

/** A text in stretches: what is to be seen, and the names of what is not. */
export function partsOf(text: string): Part[] {
  const parts: Part[] = [];
  let end = 0;
  for (const match of text.matchAll(UNSEEN_OR_TAB)) {
    if (match.index > end) parts.push({ kind: "text", text: text.slice(end, match.index) });
    parts.push({ kind: "mark", name: nameOf(match[0]) });
    end = match.index + match[0].length;
  }
  if (end < text.length) parts.push({ kind: "text", text: text.slice(end) });
  return parts;
}

/** The same as one text, for where there are no elements: titles, names for screen readers. */
export function plain(text: string): string {
  return partsOf(text)
    .map((part) => (part.kind === "text" ? part.text : `[${part.name}]`))
    .join("");
}
