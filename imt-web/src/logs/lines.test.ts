import { describe, expect, it } from "vitest";

import type { Piece } from "../live/messages";
import { cook, NO_STYLES, stylesAfter, textOf } from "./cook";
import { from, lengthOf, LineReader, newlinesOf, type Line } from "./lines";
import { chanceOf, piecesOf, printed, type Printed } from "./testing";

function read(pieces: Piece[]): Line["runs"][] {
  const reader = new LineReader();
  for (const piece of pieces) reader.push(piece);
  reader.finish();
  const lines = reader.drain();
  return [...lines, ...(reader.open ? [reader.open] : [])].map((line) => line.runs);
}

const SCRAPS: (string | number[])[] = [
  "plain",
  "\n",
  "\n",
  "\r",
  "\r\n",
  "\x1b[31m",
  "\x1b[0m",
  "\x1b[38;5;208m",
  "\x1b[K",
  "\x1b]8;;javascript:x\x1b\\",
  "\x1b]0;t\x07",
  "ä",
  "€",
  "👩‍👩‍👧",
  "\u202e",
  "\0",
  "\ufeff",
  "\b",
  "\x1b",
  "\x1b[",
  "é",
  "\t",
  "100%",
  [0xff],
  [0xc3],
  [0xe2, 0x82],
  [0xf0, 0x9f],
  "x".repeat(300),
];

function anything(chance: () => number): Printed[] {
  return Array.from({ length: 1 + Math.floor(chance() * 60) }, () => {
    const scrap = SCRAPS[Math.floor(chance() * SCRAPS.length)] ?? "";
    return printed(chance() < 0.2 ? "stderr" : "stdout", scrap);
  });
}

describe("lines", () => {
  it("are the same however their bytes are cut", () => {
    for (let seed = 1; seed <= 300; seed += 1) {
      const chance = chanceOf(seed);
      const all = anything(chance);
      const whole = read(piecesOf(all, () => 1e9));
      for (const most of [1, 2, 3, 7, 100]) {
        const lines = read(piecesOf(all, () => Math.ceil(chance() * most)));
        expect(lines, `seed ${seed}, cut to ${most}`).toEqual(whole);
      }
    }
  });

  it("are as many as the server counts", () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const pieces = piecesOf(anything(chanceOf(seed)), () => 5);
      const newlines = pieces.reduce((count, piece) => count + newlinesOf(piece), 0);
      const reader = new LineReader();
      for (const piece of pieces) reader.push(piece);
      reader.finish();
      expect(reader.drain()).toHaveLength(newlines);
    }
  });

  it("keep the streams apart, also within one", () => {
    const pieces = piecesOf(
      [printed("stdout", "a"), printed("stderr", "b\nc"), printed("stdout", "d\n\n")],
      () => 9,
    );
    expect(read(pieces)).toEqual([
      [
        { stream: "stdout", text: "a" },
        { stream: "stderr", text: "b" },
      ],
      [
        { stream: "stderr", text: "c" },
        { stream: "stdout", text: "d" },
      ],
      [{ stream: "stdout", text: "" }],
    ]);
  });

  it("put a character together that another stream came between", () => {
    const pieces = piecesOf(
      [printed("stdout", [0xc3]), printed("stderr", "x"), printed("stdout", [0xa4, 10])],
      () => 9,
    );
    expect(read(pieces)).toEqual([
      [
        { stream: "stderr", text: "x" },
        { stream: "stdout", text: "ä" },
      ],
    ]);
  });

  it("show what never becomes a character", () => {
    expect(read(piecesOf([printed("stdout", [0x61, 0xe2, 0x82])], () => 1))).toEqual([
      [{ stream: "stdout", text: "a\ufffd" }],
    ]);
    const broken = [printed("stdout", [0xe2, 0x82]), printed("stdout", "ok\n")];
    expect(read(piecesOf(broken, () => 9))).toEqual([[{ stream: "stdout", text: "\ufffdok" }]]);
  });

  it("are kept up to a length, and say so", () => {
    const reader = new LineReader();
    for (const piece of piecesOf([printed("stdout", `${"y".repeat(3_000_000)}\nnext\n`)], () => 65536))
      reader.push(piece);
    const [long, next] = reader.drain();
    expect([long?.isCut, long?.runs[0]?.text.length]).toEqual([true, 1 << 20]);
    expect(next?.runs).toEqual([{ stream: "stdout", text: "next" }]);
  });
});

describe("a piece", () => {
  const pieces = piecesOf([printed("stdout", "aä€😀\nb"), printed("stdout", [0xff, 10, 0xfe])], () => 99);

  it("has as many bytes as it has", () => {
    expect(pieces.map(lengthOf)).toEqual([12, 3]);
    expect(pieces.map(newlinesOf)).toEqual([1, 1]);
  });

  it("can be taken from a byte on", () => {
    const [first] = pieces;
    if (!first) throw new Error("there is one");
    const rest = from(first, 10);
    expect([rest.offset, rest.line, lengthOf(rest)]).toEqual([10, 0, 2]);
    expect(read([rest])).toEqual([[{ stream: "stdout", text: "" }], [{ stream: "stdout", text: "b" }]]);
    expect(from(first, 11).line).toBe(1);
  });
});

describe("styles", () => {
  it("after a line are those that its text ends in, whatever else is in it", () => {
    for (let seed = 1; seed <= 300; seed += 1) {
      for (const runs of read(piecesOf(anything(chanceOf(seed)), () => 1e9))) {
        const marked = [
          ...runs,
          ...(["stdout", "stderr"] as const).map((stream) => ({ stream, text: "\r\x1b[2K#" })),
        ];
        const spans = cook(marked, NO_STYLES, 1e6).spans;
        const after = stylesAfter(marked, NO_STYLES);
        const last = spans.find((span) => span.text.includes("#"));
        if (last) expect(last.style, `seed ${seed}`).toEqual(after[last.stream]);
        expect(textOf(cook(runs, NO_STYLES, 1e6))).not.toContain("\x1b");
      }
    }
  });
});
