import { describe, expect, it, test } from "vitest";

import { Commands } from "./commands";
import type { Span } from "./cook";
import { partsOf } from "./hits";
import { Searcher } from "./search";
import type { CommandPage, CommandStart, Found, FoundPage, LogSource } from "./source";
import { PLAIN } from "./style";

function source(pages: (FoundPage | Error)[], commands: LogSource["commands"] = null): LogSource {
  return {
    raw: "",
    name: "",
    read: () => Promise.reject(new Error("none")),
    commands,
    search: () => {
      const page = pages.shift();
      return page instanceof Error || !page
        ? Promise.reject(page ?? new Error("no more"))
        : Promise.resolve(page);
    },
  };
}

function hits(...lines: number[]): Found[] {
  return lines.map((line) => ({ line, text: "", offset: 0, stream: "stdout", column: 0, cut: 0 }));
}

describe("a search", () => {
  it("goes on until there is no more, and begins where one is", async () => {
    const asked: number[] = [];
    const ats: number[] = [];
    const pages: FoundPage[] = [
      { items: [], next_line: 9, is_whole: true },
      { items: hits(10, 12), is_whole: true },
      { items: hits(1), next_line: 4, is_whole: true },
      // What is behind there was found.
      { items: hits(5, 10), next_line: 11, is_whole: true },
    ];
    const searcher = new Searcher({
      ...source([]),
      search: (_, line) => {
        asked.push(line);
        return Promise.resolve(pages.shift() ?? { items: [], is_whole: true });
      },
    });
    searcher.subscribe(() => ats.push(searcher.now.hits[searcher.now.at]?.line ?? -1));
    await searcher.start("x", 7);
    expect(searcher.now).toMatchObject({ at: 2, isRunning: false, isFull: false, error: null });
    expect(searcher.now.hits.map((hit) => hit.line)).toEqual([1, 5, 10, 12]);
    expect(asked).toEqual([7, 9, 0, 4]);
    // One goes from nowhere to there, and stays.
    expect([...new Set(ats)]).toEqual([-1, 10]);
    searcher.step(1);
    searcher.step(1);
    expect(searcher.now.at).toBe(0);
    searcher.step(-1);
    expect(searcher.now.at).toBe(3);
  });

  it("begins with the first hit of all where there is none from there on", async () => {
    const searcher = new Searcher(
      source([
        { items: [], is_whole: true },
        { items: hits(1, 5), is_whole: true },
      ]),
    );
    await searcher.start("x", 7);
    expect(searcher.now).toMatchObject({ at: 0, isRunning: false });
  });

  it("ends when there are more than anybody looks at", async () => {
    let line = 0;
    const search = (): Promise<FoundPage> => {
      const items = hits(...Array.from({ length: 1_000 }, () => (line += 1)));
      return Promise.resolve({ items, next_line: line + 1, is_whole: true });
    };
    const searcher = new Searcher({ ...source([]), search });
    await searcher.start("x", 0);
    expect([searcher.now.hits.length, searcher.now.isFull, line]).toEqual([10_000, true, 10_000]);
  });

  it("says what went wrong, and keeps what it has", async () => {
    const searcher = new Searcher(
      source([{ items: hits(1), next_line: 6, is_whole: true }, new Error("away")]),
    );
    await searcher.start("x", 0);
    expect(searcher.now).toMatchObject({ at: 0, isRunning: false, error: new Error("away") });
  });

  it("that was replaced says nothing more", async () => {
    const searcher = new Searcher(
      source([
        { items: hits(1), is_whole: true },
        { items: hits(2), is_whole: true },
      ]),
    );
    const first = searcher.start("a", 0);
    await searcher.start("b", 0);
    await first;
    expect(searcher.now).toMatchObject({ query: "b", hits: hits(2) });
  });
});

describe("what was found", () => {
  const spans = (...texts: (string | [mark: string])[]): Span[] =>
    texts.map((text) => ({
      text: typeof text === "string" ? text : text[0],
      style: PLAIN,
      stream: "stdout",
      isMark: typeof text !== "string",
    }));
  /** The parts, hits in brackets, the one that is looked at in two. */
  const shown = (of: Span[], query: string, column: number | null = null): string | undefined =>
    partsOf(of, query, column)
      ?.map((parts) =>
        parts
          .map(({ text, isHit, isHere }) => (isHere ? `[[${text}]]` : isHit ? `[${text}]` : text))
          .join(""),
      )
      .join("|");

  it.each([
    [["an Error, error!"], "error", null, "an [Error], [error]!"],
    [["an Error, error!"], "ERROR", 10, "an [Error], [[error]]!"],
    [["a.c abc"], "a.c", null, "[a.c] abc"],
    [["aaaa"], "aa", 2, "[aa][[aa]]"],
    [["x"], "(", null, undefined],
    [["x"], "", null, undefined],
    // Across colours, and counted in characters: the first one here is two halves in memory.
    [["\u{1f600}er", "ror \u{1f600}!"], "error", 1, "\u{1f600}[[er]]|[[ror]] \u{1f600}!"],
    [["\u{1f600}\u{1f600}x"], "X", 2, "\u{1f600}\u{1f600}[[x]]"],
    // As the server compares: one by one.
    [["Stra\u00dfe \u1e9e STRASSE"], "\u00df", null, "Stra[\u00df]e [\u1e9e] STRASSE"],
    [["\u0130stanbul"], "i", null, undefined],
    [["\u03a3\u03c3\u03c2"], "\u03c3", null, "[\u03a3][\u03c3][\u03c2]"],
    // A mark stands for what is no text.
    [["ab", ["\u27e8ZWSP\u27e9"], "cd"], "bc", 1, "a[[b]]|\u27e8ZWSP\u27e9|[[c]]d"],
    [[["\u27e8ZWSP\u27e9"], "zwsp"], "zwsp", 0, "\u27e8ZWSP\u27e9|[[zwsp]]"],
    // What was found was written over; what is left of it is looked at.
    [["80% done"], "done", 30, "80% [[done]]"],
  ] as const)("in %j by %j is marked", (texts, query, column, expected) => {
    expect(shown(spans(...(texts as readonly (string | [string])[])), query, column)).toBe(expected);
  });
});

test("a line of nothing but hits and colours is marked in no time", () => {
  const spans = Array.from({ length: 200_000 }, (): Span => {
    return { text: "a", style: PLAIN, stream: "stdout", isMark: false };
  });
  const begin = performance.now();
  expect(
    partsOf(spans, "aaa", 3)
      ?.flat()
      .filter((part) => part.isHere),
  ).toHaveLength(3);
  expect(performance.now() - begin).toBeLessThan(5_000);
});

describe("commands", () => {
  it("are asked for until there are no more, and again from the last one", async () => {
    const asked: CommandStart[] = [];
    const item = (item: number, line: number): CommandPage["items"][number] => ({
      item,
      line,
      offset: 0,
      at: "2030-01-01T00:00:00Z",
      text: "",
    });
    const pages: CommandPage[] = [
      { items: [item(0, 0)], next_line: 500, next_item: 1, is_whole: false },
      { items: [], next_line: 900, next_item: 1, is_whole: false },
      { items: [item(1, 950)], is_whole: false },
      { items: [item(2, 980)], is_whole: true },
    ];
    const commands = new Commands(
      source([], (from) => {
        asked.push(from);
        const page = pages.shift();
        return page ? Promise.resolve(page) : Promise.reject(new Error("there is no more"));
      }),
    );
    await commands.ask();
    expect([commands.found.map((found) => found.line), commands.isWhole]).toEqual([[0, 950], false]);
    await commands.ask();
    await commands.ask();
    expect([commands.found.map((found) => found.line), commands.isWhole]).toEqual([[0, 950, 980], true]);
    expect(asked).toEqual([
      { line: 0, item: 0 },
      { line: 500, item: 1 },
      { line: 900, item: 1 },
      { line: 951, item: 2 },
    ]);
  });

  it("that cannot be found are none", async () => {
    const commands = new Commands(source([], () => Promise.reject(new Error("away"))));
    await commands.ask();
    expect([commands.found, commands.isWhole]).toEqual([[], false]);
  });
});
