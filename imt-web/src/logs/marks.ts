// Characters that are not seen, or that make others be seen elsewhere, as something that is.
//
// Does not know what is a code of a terminal: that was taken out before.

/** What cannot stay as it is in a line: controls but the tab, marks of direction, and what has no width and no use. */
export const UNSEEN =
  // eslint-disable-next-line no-control-regex, no-misleading-character-class -- these are what it is about
  /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e007f}]/u;

const NAMES: Readonly<Record<number, string>> = {
  0xad: "SHY",
  0x61c: "ALM",
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

/** What is shown for a character that `UNSEEN` finds. */
export function markOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  // Unicode has pictures of the controls.
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  return `\u27e8${NAMES[code] ?? `U+${code.toString(16).toUpperCase().padStart(4, "0")}`}\u27e9`;
}
