import { describe, expect, it } from "vitest";

import { EchoFinder, groupOf, groupsOf, tookOf } from "./groups";
import { hashOf, rangeTo, readHash } from "./hash";
import { RowMap, type Range } from "./rows";
import {
  afterBar,
  barOf,
  barPx,
  BAND,
  bandsAt,
  lastPlace,
  moved,
  MOST_PX,
  placeOfBar,
  type Measures,
} from "./scroll";
import { chanceOf } from "./testing";

describe("rows", () => {
  it("are the lines that are not hidden, in their order", () => {
    for (let seed = 1; seed <= 100; seed += 1) {
      const chance = chanceOf(seed);
      const lines = 1 + Math.floor(chance() * 60);
      const hidden: Range[] = [];
      for (let at = 1; at < lines; at += 1 + Math.floor(chance() * 10)) {
        const first = at;
        at += Math.floor(chance() * 5);
        hidden.push({ first, end: at });
      }
      const isHidden = (line: number): boolean =>
        hidden.some(({ first, end }) => line >= first && line < end);
      const seen = Array.from({ length: lines }, (_, line) => line).filter((line) => !isHidden(line));
      const map = new RowMap(lines, hidden);
      expect(map.rows, `seed ${seed}`).toBe(seen.length);
      expect(Array.from({ length: map.rows }, (_, row) => map.lineOf(row))).toEqual(seen);
      for (let line = 0; line < lines; line += 1) {
        const last = seen.findLastIndex((one) => one <= line);
        expect(map.rowOf(line)).toBe(last);
      }
    }
  });
});

describe("the place in a list", () => {
  const measures = (rows: number, heightOf: Measures["heightOf"] = () => 20): Measures => ({
    rows,
    rowPx: 20,
    seenPx: 600,
    heightOf,
  });

  it("is that of the bar where the list is short enough", () => {
    const short = measures(1000);
    expect(barPx(short)).toBe(20_000);
    expect(placeOfBar(105, short)).toEqual({ row: 5, px: 5 });
    expect(barOf({ row: 5, px: 5 }, short)).toBeCloseTo(105);
    expect(placeOfBar(1e9, short)).toEqual({ row: 970, px: 0 });
  });

  it("can be each of ten million rows, by small movements from the one before", () => {
    const long = measures(10_000_000);
    expect(barPx(long)).toBe(MOST_PX);
    let [place, bar] = [placeOfBar(4_000_000, long), 4_000_000];
    const first = place.row;
    for (let n = 1; n <= 100; n += 1) {
      place = afterBar(place, bar, bar + 20, long, false);
      bar += 20;
      expect(place.row).toBe(first + n);
    }
    // The bar is where it belongs afterwards, give or take what it cannot say.
    expect(Math.abs(barOf(place, long) - bar)).toBeLessThan(2000);
    expect(afterBar(place, bar, 0, long, false)).toEqual({ row: 0, px: 0 });
    expect(afterBar(place, bar, MOST_PX, long, false).row).toBe(10_000_000 - 30);
  });

  it("moves by pixels over rows of any height", () => {
    const wrapped = measures(100, (row) => (row % 3 === 0 ? 60 : 20));
    let place = { row: 0, px: 0 };
    for (let px = 0; px < 2400; px += 7) {
      const again = moved({ row: 0, px: 0 }, px, wrapped);
      expect(again).toEqual(place);
      place = moved(place, 7, wrapped);
    }
    expect(moved(place, -1e6, wrapped)).toEqual({ row: 0, px: 0 });
    expect(moved(place, 1e6, wrapped)).toEqual(lastPlace(wrapped));
  });

  it("has whole bands around it, which stay as long as they may", () => {
    const list = measures(1_003);
    const at = (row: number) => bandsAt({ row, px: 0 }, list);
    expect([at(0), at(24), at(1_000 - 30)]).toEqual([
      { first: 0, end: 64 },
      { first: 0, end: 80 },
      { first: 944, end: 1_003 },
    ]);
    for (let row = 0; row < 1_003; row += 1) {
      const { first, end } = at(row);
      expect([first % BAND, first <= Math.max(0, row - 24)]).toEqual([0, true]);
      expect(end === 1_003 || (end % BAND === 0 && end >= row + 30 + 24)).toBe(true);
    }
    expect(new Set(Array.from({ length: 960 }, (_, row) => at(row).first)).size).toBe(59);
  });

  it("comes to both ends by the wheel, whatever is put right in between", () => {
    const lists = {
      long: measures(10_000_000),
      wrapped: measures(3_000, () => 90),
      high: measures(200, () => 700),
      few: measures(40, () => 60),
    };
    for (const [name, list] of Object.entries(lists)) {
      const way = barPx(list) - list.seenPx;
      for (const [notch, from] of [
        [-120, { row: 15, px: 10 }],
        [120, moved(lastPlace(list), -1_300, list)],
      ] as const) {
        let [place, notches] = [from, 0];
        const end = notch < 0 ? { row: 0, px: 0 } : lastPlace(list);
        const isThere = () => place.row === end.row && Math.abs(place.px - end.px) < 1;
        for (; !isThere() && notches < 200; notches += 1) {
          const bar = barOf(place, list);
          place = afterBar(place, bar, Math.max(0, Math.min(way, bar + notch)), list, false);
        }
        const far = notch < 0 ? 15 * list.heightOf(0) + 10 : 1_300;
        expect(notches, `${name}, ${notch}`).toBeLessThanOrEqual(Math.ceil(far / 120));
      }
    }
  });

  it("at the end shows the last row at the lower edge", () => {
    expect(lastPlace(measures(100))).toEqual({ row: 70, px: 0 });
    expect(lastPlace(measures(10))).toEqual({ row: 0, px: 0 });
    expect(lastPlace(measures(100, (row) => (row === 99 ? 500 : 35)))).toEqual({ row: 96, px: 5 });
  });
});

describe("groups", () => {
  const line = (
    text: string,
    stream: "stdout" | "stderr" = "stdout",
  ): { runs: [{ stream: typeof stream; text: string }]; at: number; isCut: boolean } => ({
    runs: [{ stream, text }],
    at: text.length,
    isCut: false,
  });

  it("begin where a command is echoed", () => {
    const lines = [
      line("before"),
      line("$ make"),
      line("x"),
      line("$ not", "stderr"),
      line("$ test"),
      line("y"),
    ];
    const finder = new EchoFinder();
    expect(finder.find(2, 6, (n) => lines[n])).toEqual([{ line: 4, at: 6 }]);
    const echoes = finder.find(0, 6, (n) => lines[n]);
    const groups = groupsOf(echoes, 6, 99);
    expect(groups).toEqual([
      { first: 1, end: 4, at: 6, endAt: 6, isLast: false },
      { first: 4, end: 6, at: 6, endAt: 99, isLast: true },
    ]);
    // The last one took until what printed the log ended, and one that took no time says nothing.
    expect(groups.map((group) => tookOf(group, true, 1_006))).toEqual([null, 1_000]);
    expect(groups.map((group) => tookOf(group, false, null))).toEqual([null, null]);
    expect(tookOf({ first: 0, end: 1, at: 0, endAt: 400, isLast: true }, true, 300)).toBe(400);
    expect([0, 1, 3, 5].map((n) => groupOf(groups, n)?.first)).toEqual([undefined, 1, 1, 4]);
  });

  it("are found as lines come, and no line is looked at twice", () => {
    const finder = new EchoFinder();
    const looked: number[] = [];
    for (let end = 1; end <= 50; end += 1) {
      finder.find(0, end, (n) => {
        looked.push(n);
        return line(n % 10 === 0 ? "$ x" : "y");
      });
    }
    expect(looked).toHaveLength(50);
    expect(finder.find(0, 50, () => undefined)).toHaveLength(5);
  });
});

describe("an address", () => {
  it.each([
    ["#L1", { first: 0, end: 1 }],
    ["#L120-L140", { first: 119, end: 140 }],
    ["#L140-120", { first: 119, end: 140 }],
    ["#L0", null],
    ["#L1x", null],
    ["#line", null],
    ["", null],
  ])("%s means %o", (hash, range) => {
    expect(readHash(hash)).toEqual(range);
    if (range) expect(readHash(hashOf(range))).toEqual(range);
  });

  it("grows to where one clicks with shift", () => {
    expect(rangeTo(null, 4)).toEqual({ first: 4, end: 5 });
    expect(rangeTo({ first: 4, end: 5 }, 9)).toEqual({ first: 4, end: 10 });
    expect(rangeTo({ first: 4, end: 5 }, 1)).toEqual({ first: 1, end: 5 });
  });
});
