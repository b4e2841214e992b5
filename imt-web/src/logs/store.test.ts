import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Piece } from "../live/messages";
import { cook, textOf } from "./cook";
import { FakeServer } from "./fake";
import { from } from "./lines";
import { LogStore } from "./store";
import { chanceOf, piecesOf, printed } from "./testing";

function numbered(count: number, length = 40): Piece[] {
  const text = Array.from({ length: count }, (_, n) => `line ${n} ${"x".repeat(length)}\n`).join("");
  return piecesOf([printed("stdout", text)], () => 16_384);
}

function shown(store: LogStore, n: number): string | undefined {
  const seen = store.line(n);
  return seen && textOf(cook(seen.line.runs, seen.styles, 1e6));
}

async function settle(): Promise<void> {
  for (let n = 0; n < 200; n += 1) await Promise.resolve();
}

async function opened(server: FakeServer): Promise<LogStore> {
  const store = new LogStore(server);
  await store.refresh();
  return store;
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a log", () => {
  it("begins with its end", async () => {
    const server = new FakeServer(numbered(20_000));
    const store = await opened(server);
    expect(server.reads[0]).toEqual({ tail: 400 });
    expect([store.lines, store.isWhole, store.joinedFrom]).toEqual([20_000, true, 19_600]);
    // The first answer tells that there is no more.
    expect(server.reads).toHaveLength(1);
    expect(shown(store, 19_999)).toMatch(/^line 19999 /);
    expect(store.line(100)).toBeUndefined();
  });

  it("is empty, and says so", async () => {
    const store = await opened(new FakeServer([]));
    expect([store.lines, store.isWhole, store.phase]).toEqual([0, true, "ready"]);
  });

  it("shows every line wherever one looks, in any order", async () => {
    const server = new FakeServer(numbered(20_000));
    const store = await opened(server);
    const chance = chanceOf(7);
    for (let look = 0; look < 150; look += 1) {
      const first = Math.floor(chance() * 20_000);
      store.want(first, first + 60);
      await settle();
      for (let n = first; n < Math.min(20_000, first + 60); n += 1)
        expect(shown(store, n)).toMatch(new RegExp(`^line ${n} `));
    }
    // What was read once is not read again.
    expect(server.reads.length).toBeLessThan(60);
  });

  it("keeps no more than some of it", async () => {
    const server = new FakeServer(numbered(24_000, 1000));
    const store = await opened(server);
    let most = 0;
    for (let first = 23_900; first > 0; first -= 50) {
      store.want(first, first + 60);
      await settle();
      expect(shown(store, first)).toMatch(new RegExp(`^line ${first} `));
      most = Math.max(most, store.size);
    }
    expect(most).toBeLessThan(18e6);
    expect(most).toBeGreaterThan(15e6);
  }, 30_000);

  it("has lines that are longer than what is read at a time", async () => {
    const text = Array.from(
      { length: 300 },
      (_, n) => `${n} ${"y".repeat(n % 3 === 0 ? 100_000 : 10)}\n`,
    ).join("");
    const server = new FakeServer(piecesOf([printed("stdout", text)], () => 16_384));
    const store = await opened(server);
    for (const first of [150, 3, 200, 0, 99]) {
      store.want(first, first + 5);
      await settle();
      for (let n = first; n < first + 5; n += 1) {
        expect(shown(store, n)).toMatch(new RegExp(`^${n} y`));
        if (n % 3 !== 0) expect(store.line(n)?.line.isCut).toBe(false);
      }
    }
  });

  it("carries its colours over from part to part, once both are there", async () => {
    const text = `\x1b[31m${Array.from({ length: 20_000 }, (_, n) => `line ${n} ${"x".repeat(40)}\n`).join("")}`;
    const store = await opened(new FakeServer(piecesOf([printed("stdout", text)], () => 16_384)));
    expect(store.line(19_999)?.styles.stdout.fg).toBeNull();
    store.want(0, 19_700);
    for (let n = 0; n < 20; n += 1) await settle();
    expect(store.line(15_000)?.styles.stdout.fg).toBe(1);
  });
});

describe("a log that grows", () => {
  /** However its pieces are told (late, twice, cut, out of order, not at all), each line is there once. */
  it.each(Array.from({ length: 40 }, (_, n) => n + 1))("has every line once: %i", async (seed) => {
    const chance = chanceOf(seed);
    const server = new FakeServer(numbered(3_000), 3);
    const store = new LogStore(server);
    const begun = store.refresh();
    if (chance() < 0.5) await begun;
    while (server.there < server.pieces.length) {
      server.there += 1 + Math.floor(chance() * 2);
      const told = server.pieces.slice(
        Math.max(0, server.there - 1 - Math.floor(chance() * 3)),
        server.there,
      );
      for (const piece of told)
        if (chance() < 0.8) store.push(from(piece, piece.offset + (chance() < 0.3 ? 2 : 0)));
      if (chance() < 0.5) await settle();
    }
    await settle();
    await store.refresh();
    store.want(0, 3_000);
    for (let n = 0; n < 5; n += 1) await settle();
    expect([store.lines, store.isWhole]).toEqual([3_000, true]);
    for (let n = 0; n < 3_000; n += 1) expect(shown(store, n)).toBe(`line ${n} ${"x".repeat(40)}`);
  });

  it("is asked for once more where something has come while it was read", async () => {
    const server = new FakeServer(numbered(3_000), 3);
    const store = new LogStore(server);
    const begun = store.refresh();
    for (const piece of server.pieces.slice(3, 5)) store.push(piece);
    server.there = 5;
    await begun;
    expect(store.next).toBe(server.pieces[5]?.offset);
    await store.refresh();
    expect(server.reads.length).toBeLessThan(5);
  });

  it("knows how long it is, however little of it is there", async () => {
    const server = new FakeServer(numbered(20_000));
    const store = await opened(server);
    const end = server.pieces.at(-1);
    expect(store.bytes).toBe((end?.offset ?? 0) + (end && "text" in end ? end.text.length : 0));
  });

  it("shows the line that is being printed", async () => {
    const pieces = piecesOf([printed("stdout", "a\nhalf")], () => 99);
    const more = piecesOf([printed("stdout", "a\nhalf of it\n")], () => 99);
    const server = new FakeServer(pieces);
    server.isWhole = false;
    const store = await opened(server);
    expect([store.lines, shown(store, 1)]).toEqual([2, "half"]);
    for (const piece of more) store.push(piece);
    expect([store.lines, shown(store, 1)]).toEqual([2, "half of it"]);
  });

  it("that has run away is gone after to its end", async () => {
    const server = new FakeServer(numbered(60_000), 3);
    const store = await opened(server);
    server.there = server.pieces.length;
    await store.refresh();
    expect(store.lines).toBe(60_000);
    expect(server.reads).toEqual([{ tail: 400 }, { offset: expect.any(Number) as number }, { tail: 50 }]);
  });
});

describe("a server that is away", () => {
  it("is asked again, not at once", async () => {
    const server = new FakeServer(numbered(20_000));
    const store = await opened(server);
    server.isAway = true;
    const before = server.reads.length;
    for (let n = 0; n < 50; n += 1) {
      store.want(0, 50);
      await settle();
    }
    expect(server.reads.length).toBe(before + 1);
    expect(store.error).toEqual(new Error("away"));
    server.isAway = false;
    await vi.advanceTimersByTimeAsync(2_000);
    await settle();
    expect([store.error, shown(store, 0)?.slice(0, 6)]).toEqual([null, "line 0"]);
  });

  it("at first leaves nothing but the reason", async () => {
    const server = new FakeServer(numbered(10));
    server.isAway = true;
    const store = await opened(server);
    expect(store.phase).toBe("failed");
    server.isAway = false;
    await store.refresh();
    expect([store.phase, store.lines]).toEqual(["ready", 10]);
  });
});
