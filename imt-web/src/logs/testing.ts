// What the tests of logs share: chance that repeats, and pieces out of bytes. No part of the pages.
import type { Piece } from "../live/messages";
import type { Stream } from "./cook";

/** Numbers from 0 to below 1, the same for the same seed. */
export function chanceOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export interface Printed {
  readonly stream: Stream;
  readonly bytes: Uint8Array;
}

export function printed(stream: Stream, text: string | number[]): Printed {
  return { stream, bytes: typeof text === "string" ? new TextEncoder().encode(text) : Uint8Array.from(text) };
}

/** The same bytes as pieces of at most `most(…)` bytes, told as the server tells them: text where they are text. */
export function piecesOf(all: readonly Printed[], most: () => number): Piece[] {
  const pieces: Piece[] = [];
  let [offset, line] = [0, 0];
  for (const { stream, bytes } of all) {
    let first = 0;
    while (first < bytes.length) {
      const part = bytes.subarray(first, first + Math.max(1, most()));
      pieces.push({
        offset,
        line,
        stream,
        at: new Date(1_700_000_000_000 + offset).toISOString(),
        ...told(part),
      });
      first += part.length;
      offset += part.length;
      line += part.filter((byte) => byte === 10).length;
    }
  }
  return pieces;
}

function told(bytes: Uint8Array): { text: string } | { base64: string } {
  try {
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { base64: btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")) };
  }
}
