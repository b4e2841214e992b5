// Lines in the address of the page: `#L120` and `#L120-L140`, counted from 1.
//
// Does not know the page, but for which job its log is of.
import type { Range } from "./rows";

export function readHash(hash: string): Range | null {
  const match = /^#L([1-9]\d{0,11})(?:-L?([1-9]\d{0,11}))?$/.exec(hash);
  if (!match) return null;
  const [one, other] = [Number(match[1]), Number(match[2] ?? match[1])];
  return { first: Math.min(one, other) - 1, end: Math.max(one, other) };
}

export function hashOf(range: Range): string {
  const { first, end } = range;
  return end - first > 1 ? `#L${first + 1}-L${end}` : `#L${first + 1}`;
}

/** The range from where a choice began to a line. */
export function rangeTo(begun: Range | null, line: number): Range {
  if (!begun) return { first: line, end: line + 1 };
  return line < begun.first ? { first: line, end: begun.end } : { first: begun.first, end: line + 1 };
}
