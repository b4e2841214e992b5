// Lines out of pieces: bytes of several streams that were cut anywhere.
//
// Does not know of codes of terminals, or where pieces come from. A line is what is between two newlines of the log, whatever
// streams they are of, as the server counts it.
import type { Piece } from "../live/messages";
import type { Run, Stream } from "./cook";

/** A line as it was printed. */
export interface Line {
  readonly runs: readonly Run[];
  /** When its first byte came, in milliseconds. */
  readonly at: number;
  /** It was longer than what is kept of a line. */
  readonly isCut: boolean;
}

/** So many characters of a line are kept. */
export const MOST_KEPT = 1 << 20;

/** Takes pieces, gives lines. */
export class LineReader {
  readonly #decoders = new Map<Stream, TextDecoder>();
  /** The line that has no end yet. */
  #open: { runs: Run[]; at: number; length: number; isCut: boolean } | null = null;
  #lines: Line[] = [];

  push(piece: Piece): void {
    const stream = asStream(piece.stream);
    this.#take(this.#decoded(stream, piece), stream, Date.parse(piece.at));
  }

  /** There is nothing more to come: what is left of characters that never became whole is shown. */
  finish(): void {
    for (const stream of ["stdout", "stderr", "system"] as const) {
      this.#take(this.#decoders.get(stream)?.decode() ?? "", stream, this.#open?.at ?? 0);
    }
  }

  /** The lines that have ended since the last call. */
  drain(): Line[] {
    const lines = this.#lines;
    this.#lines = [];
    return lines;
  }

  /** The line that is being printed, if anything of it was. */
  get open(): Line | null {
    return this.#open && { runs: [...this.#open.runs], at: this.#open.at, isCut: this.#open.isCut };
  }

  #decoded(stream: Stream, piece: Piece): string {
    let decoder = this.#decoders.get(stream);
    if ("text" in piece) {
      // It begins with a whole character: one that an earlier piece ended within never becomes whole.
      return (decoder?.decode() ?? "") + piece.text;
    }
    decoder ??= new TextDecoder("utf-8", { ignoreBOM: true });
    this.#decoders.set(stream, decoder);
    return decoder.decode(bytesOf(piece), { stream: true });
  }

  #take(text: string, stream: Stream, at: number): void {
    let first = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", first)) {
      this.#append(text.slice(first, end), stream, at);
      const { runs, at: since, isCut } = this.#open ?? { runs: [{ stream, text: "" }], at, isCut: false };
      this.#lines.push({ runs, at: since, isCut });
      this.#open = null;
      first = end + 1;
    }
    this.#append(text.slice(first), stream, at);
  }

  #append(text: string, stream: Stream, at: number): void {
    if (text === "") return;
    const open = (this.#open ??= { runs: [], at, length: 0, isCut: false });
    const room = MOST_KEPT - open.length;
    open.isCut ||= text.length > room;
    if (room <= 0) return;
    const kept = text.slice(0, room);
    open.length += kept.length;
    const last = open.runs.at(-1);
    if (last?.stream === stream) open.runs[open.runs.length - 1] = { stream, text: last.text + kept };
    else open.runs.push({ stream, text: kept });
  }
}

function asStream(word: string): Stream {
  return word === "stderr" || word === "system" ? word : "stdout";
}

/** The bytes of a piece. */
export function bytesOf(piece: Piece): Uint8Array {
  if ("text" in piece) return new TextEncoder().encode(piece.text);
  return Uint8Array.from(atob(piece.base64), (character) => character.charCodeAt(0));
}

/** How many they are, without making them where that is not needed. */
export function lengthOf(piece: Piece): number {
  if ("text" in piece) return utf8Length(piece.text);
  const padding = piece.base64.endsWith("==") ? 2 : piece.base64.endsWith("=") ? 1 : 0;
  return (piece.base64.length / 4) * 3 - padding;
}

function utf8Length(text: string): number {
  let length = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0x80) continue;
    // A pair of halves is four bytes: each of them one more.
    length += code < 0x800 ? 1 : code >= 0xd800 && code <= 0xdfff ? 1 : 2;
  }
  return length;
}

/** The number of newlines in it. */
export function newlinesOf(piece: Piece): number {
  const text = "text" in piece ? piece.text : atob(piece.base64);
  let count = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count += 1;
  return count;
}

/** The piece without what is before the byte. */
export function from(piece: Piece, offset: number): Piece {
  if (offset <= piece.offset) return piece;
  const bytes = bytesOf(piece);
  const skipped = bytes.subarray(0, offset - piece.offset);
  const rest = bytes.subarray(skipped.length);
  const { line, stream, at } = piece;
  const binary = Array.from(rest, (byte) => String.fromCharCode(byte)).join("");
  const newlines = skipped.reduce((count, byte) => count + (byte === 10 ? 1 : 0), 0);
  return { offset, line: line + newlines, stream, at, base64: btoa(binary) };
}
