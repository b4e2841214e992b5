// A server with a log, for tests. No part of the pages.
import type { Piece } from "../live/messages";
import { from, lengthOf, newlinesOf } from "./lines";
import type { FoundPage, LogSource, Page, Start } from "./source";

// eslint-disable-next-line no-control-regex -- they are no part of the text
const COLOURS = /\x1b\[[\d;]*m/g;
const PAGE = 64 * 1024;

/** A server with one log, of which it has told the first `there` pieces. */
export class FakeServer implements LogSource {
  readonly raw = "/log";
  readonly name = "job.log";
  /** The lines of the commands that it knows of; null: there is no script. */
  script: readonly number[] | null = null;
  reads: Start[] = [];
  isWhole = true;
  isAway = false;
  readonly #ends = new Map<Piece, number>();

  constructor(
    readonly pieces: Piece[],
    public there = pieces.length,
  ) {
    for (const piece of pieces) this.#ends.set(piece, piece.offset + lengthOf(piece));
  }

  read(start: Start): Promise<Page> {
    this.reads.push(start);
    if (this.isAway) return Promise.reject(new Error("away"));
    const stored = this.pieces.slice(0, this.there);
    const offset = offsetOf(stored, start);
    const items: Piece[] = [];
    let [size, next] = [0, offset];
    for (const piece of stored) {
      const end = this.#ends.get(piece) ?? 0;
      if (end <= offset) continue;
      if (size > 0 && size + lengthOf(piece) > PAGE) break;
      items.push(from(piece, offset));
      size += end - Math.max(offset, piece.offset);
      next = end;
    }
    const last = stored.at(-1);
    const lines = last ? last.line + newlinesOf(last) : 0;
    return Promise.resolve({
      items,
      lines,
      bytes: last ? (this.#ends.get(last) ?? 0) : 0,
      next_offset: next,
      is_whole: this.isWhole && this.there >= this.pieces.length,
    });
  }

  search(query: string, first: number): Promise<FoundPage> {
    const texts = this.#text().replace(COLOURS, "").split("\n");
    const items = texts.flatMap((text, line) => {
      const column = text.indexOf(query);
      return line < first || column < 0 ? [] : [{ line, column, cut: 0, offset: 0, stream: "stdout", text }];
    });
    return Promise.resolve({ items, is_whole: this.isWhole });
  }

  get commands(): LogSource["commands"] {
    const { script } = this;
    if (script === null) return null;
    return ({ line: first, item }) => {
      // One at a time, so that there is something to go on with.
      const line = script[item];
      const [end, { isWhole: is_whole }] = [this.#text().split("\n").length - 1, this];
      if (line === undefined || line < first || line >= end) return Promise.resolve({ items: [], is_whole });
      const items = [
        { item, line, offset: 0, at: new Date(1_700_000_000_000 + line).toISOString(), text: "" },
      ];
      return Promise.resolve({ items, is_whole, next_line: line + 1, next_item: item + 1 });
    };
  }

  #text(): string {
    return this.pieces
      .slice(0, this.there)
      .map((piece) => ("text" in piece ? piece.text : ""))
      .join("");
  }
}

function offsetOf(pieces: Piece[], start: Start): number {
  if ("offset" in start) return start.offset;
  const last = pieces.at(-1);
  const lines = last ? last.line + newlinesOf(last) : 0;
  const wanted = "line" in start ? start.line : Math.max(0, lines - start.tail);
  if (wanted === 0) return 0;
  for (const [n, piece] of pieces.entries()) {
    if ((pieces[n + 1]?.line ?? Infinity) < wanted) continue;
    const bytes = new TextEncoder().encode("text" in piece ? piece.text : "");
    let line = piece.line;
    for (const [n, byte] of bytes.entries())
      if (byte === 10 && ++line === wanted) return piece.offset + n + 1;
  }
  return last ? last.offset + lengthOf(last) : 0;
}
