// Where what was searched for is in a line as it is shown, by the rules of the server's search.
//
// Characters are compared one by one and counted as characters, whatever they take in memory; marks that stand for what is not seen
// are no part of the text. Does not know how hits are found in a log.
import type { Span } from "./cook";

/** A part of a span: in a hit or not. */
export interface Part {
  readonly text: string;
  readonly isHit: boolean;
  /** It is of the hit that is looked at. */
  readonly isHere: boolean;
}

/** As characters are compared: the lower case of the upper case, where those are one character. */
function fold(character: string): string {
  const upper = one(character.toUpperCase()) ?? character;
  return one(upper.toLowerCase()) ?? upper;
}

function one(text: string): string | undefined {
  const code = text.codePointAt(0);
  return code !== undefined && text.length === (code > 0xffff ? 2 : 1) ? text : undefined;
}

/** At which characters of a text the query is, one hit after the other. */
function placesOf(text: readonly string[], query: readonly string[]): number[] {
  const places: number[] = [];
  for (let at = 0; at + query.length <= text.length; at += 1) {
    if (!query.every((character, n) => text[at + n] === character)) continue;
    places.push(at);
    at += query.length - 1;
  }
  return places;
}

/**
 * The parts of each span; null where nothing is found. `column`: how many characters of the line are before the hit that is looked
 * at, if it is in this line.
 */
export function partsOf(spans: readonly Span[], query: string, column: number | null): Part[][] | null {
  const wanted = Array.from(query, fold);
  if (wanted.length === 0) return null;
  const text = spans.flatMap((span) => (span.isMark ? [] : Array.from(span.text, fold)));
  const hits = placesOf(text, wanted);
  if (hits.length === 0) return null;
  // What a line was written over with may stand elsewhere than what was found: then it is the first hit that is looked at.
  const here = column === null || hits.includes(column) ? column : (hits[0] ?? null);
  let [before, next] = [0, 0];
  return spans.map((span) => {
    const characters = Array.from(span.text);
    if (span.isMark) return [{ text: span.text, isHit: false, isHere: false }];
    const [begin, end] = [before, before + characters.length];
    before = end;
    while ((hits[next] ?? Infinity) + wanted.length <= begin) next += 1;
    const parts: Part[] = [];
    let at = 0;
    const add = (until: number, isHit: boolean, isHere: boolean): void => {
      const text = characters.slice(at, until).join("");
      if (text !== "") parts.push({ text, isHit, isHere });
      at = until;
    };
    for (let n = next, hit = hits[n]; hit !== undefined && hit < end; n += 1, hit = hits[n]) {
      add(Math.max(0, hit - begin), false, false);
      add(Math.min(characters.length, hit + wanted.length - begin), true, hit === here);
    }
    add(characters.length, false, false);
    return parts;
  });
}
