// The whole viewer, with a log that grows beside it.
import { act, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { Piece } from "../live/messages";
import type { LiveLog } from "../live/types";
import { FakeServer } from "./fake";
import { LogViewer } from "./LogViewer";
import { piecesOf, printed } from "./testing";
import type { LogViewerProps } from "./types";

/** A job of three commands, the last of which fails; the `n`th line says so. */
const LINES = 3_000;
const COMMANDS = [0, 100, 2_900];
const lines = Array.from({ length: LINES }, (_, n) =>
  COMMANDS.includes(n) ? `$ command ${n}` : `line ${n} of it`,
);
lines[50] = "  \x1b[31mthe nee\x1b[32mdle\x1b[0m";
lines[2_000] = `${"x".repeat(3_000)} the needle`;

class FakeLive implements LiveLog {
  readonly state = "live";
  readonly followed: number[] = [];
  #listener: ((piece: Piece) => void) | null = null;

  follow(offset: number, listener: (piece: Piece) => void): () => void {
    this.followed.push(offset);
    this.#listener = listener;
    return () => (this.#listener = null);
  }
  tell(piece: Piece | undefined): void {
    if (piece) this.#listener?.(piece);
  }
}

function server(): FakeServer {
  const made = new FakeServer(
    piecesOf([printed("stdout", lines.map((line) => `${line}\n`).join(""))], () => 4_096),
  );
  made.script = COMMANDS;
  return made;
}

const whole: Omit<LogViewerProps, "source"> = {
  live: null,
  isOver: true,
  isBad: true,
  address: { job: "0" },
};

/** Lets everything come that is on its way, and be drawn. */
async function drawn(): Promise<void> {
  for (let n = 0; n < 4; n += 1)
    await act(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0))));
}

async function shown(source: FakeServer, props = whole) {
  const all = render(<LogViewer source={source} {...props} />);
  await drawn();
  return all;
}

const log = (): HTMLElement => screen.getByRole("log");
const row = (n: number): HTMLElement | null => log().querySelector(`[data-n="${n}"]`);
function the(element: HTMLElement | null): HTMLElement {
  if (!element) throw new Error("it is not there");
  return element;
}
/** Its number, which is a link to it. */
const number = (n: number): HTMLElement => the(log().querySelector(`[data-line="${n}"]`));
/** What folds the command that begins there, or unfolds it. */
const fold = (n: number): HTMLElement => the(log().querySelector(`[data-fold="${n}"]`));
const textOf = (n: number): string | undefined =>
  row(n)?.querySelector(".log-text")?.textContent.replace(/^x+/, "x");

/** As somebody who turns the wheel. */
async function scrollTo(px: number): Promise<void> {
  act(() => {
    log().scrollTop = px;
    fireEvent.scroll(log());
  });
  await drawn();
}

async function click(element: HTMLElement): Promise<void> {
  fireEvent.click(element);
  await drawn();
}

/** Writes it into the field, and presses Enter there. */
function seek(text: string): void {
  const field = screen.getByRole("searchbox", { name: "Search the log" });
  fireEvent.change(field, { target: { value: text } });
  fireEvent.submit(field);
}

beforeEach(() => {
  history.replaceState(null, "", "/p?x=1");
  localStorage.clear();
});
afterEach(() => history.replaceState(null, "", "/"));

describe("a log", () => {
  it("opens at its end, and shows what one scrolls to", async () => {
    const source = server();
    await shown(source);
    expect(textOf(LINES - 1)).toBe(`line ${LINES - 1} of it`);
    expect(row(0)).toBeNull();
    await scrollTo(0);
    expect([textOf(0), textOf(1)]).toEqual(["$ command 0", "line 1 of it"]);
    expect(row(LINES - 1)).toBeNull();
    // Only what is seen is there.
    expect(log().querySelectorAll(".log-row").length).toBeLessThan(128);
  });

  it("is read once", async () => {
    const source = server();
    await shown(source);
    expect(source.reads.filter((start) => "tail" in start)).toHaveLength(1);
  });

  it("is not drawn anew while what one scrolls by is there", async () => {
    await shown(server());
    await scrollTo(20_040);
    const changes: MutationRecord[] = [];
    const observer = new MutationObserver((records) => changes.push(...records));
    observer.observe(log(), { childList: true, attributes: true, characterData: true, subtree: true });
    await scrollTo(20_100);
    await scrollTo(20_300);
    expect(changes).toEqual([]);
    // A band goes, another one comes, and those between are the same elements.
    const [goes, stays] = [the(row(976)), the(row(1_010))];
    await scrollTo(20_340);
    observer.disconnect();
    expect(changes.length).toBeGreaterThan(0);
    expect([row(976), row(1_010)]).toEqual([null, stays]);
    expect(goes.isConnected).toBe(false);
    expect(textOf(1_020)).toBe("line 1020 of it");
  });

  it("that is empty says so", async () => {
    await shown(new FakeServer([]));
    expect(screen.getByText("Nothing was printed.")).toBeTruthy();
  });

  it("that cannot be read says why, and is read when that is wanted", async () => {
    const source = server();
    source.isAway = true;
    await shown(source);
    expect(screen.getByRole("alert").textContent).toContain("away");
    source.isAway = false;
    await click(screen.getByRole("button", { name: "Try again" }));
    await drawn();
    expect(textOf(LINES - 1)).toBe(`line ${LINES - 1} of it`);
  });

  it("folds its commands, and says how long they took", async () => {
    await shown(server());
    await scrollTo(0);
    expect(row(0)?.querySelector(".log-took")?.textContent).toBe("100 ms");
    expect(fold(0).getAttribute("aria-label")).toBe("Fold this command");
    await click(fold(0));
    expect([row(1), textOf(100)]).toEqual([null, "$ command 100"]);
    expect(fold(0).getAttribute("aria-label")).toBe("Unfold this command");
    await click(fold(0));
    expect(textOf(1)).toBe("line 1 of it");
  });

  it("stays as it is when its end is no longer followed", async () => {
    const source = server();
    await shown(source);
    const [reads, rows] = [source.reads.length, [...log().querySelectorAll(".log-row")]];
    fireEvent.keyDown(document, { key: "f" });
    await drawn();
    await click(number(2_990));
    // The same elements, so that nothing loses the focus or what was selected, and nothing is read for rows that were never seen.
    expect([...log().querySelectorAll(".log-row")]).toEqual(rows);
    expect(source.reads).toHaveLength(reads);
  });

  it("jumps to the command that failed", async () => {
    await shown(server());
    await scrollTo(0);
    await click(screen.getByRole("button", { name: /^Failure/ }));
    await drawn();
    expect(row(2_900)?.dataset["command"]).toBe("failed");
    expect(row(100)).toBeNull();
  });

  it("has a link for a line, and for several", async () => {
    await shown(server());
    await click(number(2_990));
    expect(location.search + location.hash).toBe("?x=1&job=0#L2991");
    fireEvent.click(number(2_995), { shiftKey: true });
    expect(location.hash).toBe("#L2991-L2996");
    expect([2_989, 2_990, 2_995, 2_996].map((n) => row(n)?.dataset["chosen"])).toEqual([
      undefined,
      "true",
      "true",
      undefined,
    ]);
  });

  it("opens at the line that its address names", async () => {
    history.replaceState(null, "", "/p#L1501");
    await shown(server());
    expect(row(1_500)?.dataset["chosen"]).toBe("true");
    expect(row(LINES - 1)).toBeNull();
  });
});

describe("what is searched for", () => {
  it("is shown hit by hit, across colours, in folds and in long lines", async () => {
    await shown(server());
    await scrollTo(0);
    await click(fold(0));
    await scrollTo(0);
    seek("the needle");
    await drawn();
    const marks = (n: number): (string | null)[] =>
      [...(row(n)?.querySelectorAll("mark[data-here]") ?? [])].map((mark) => mark.textContent);
    // Unfolded, and each colour by itself.
    expect(screen.getByText("1 of 2")).toBeTruthy();
    expect(marks(50)).toEqual(["the nee", "dle"]);
    seek("the needle");
    await drawn();
    expect(screen.getByText("2 of 2")).toBeTruthy();
    expect([row(50), marks(2_000)]).toEqual([null, ["the needle"]]);
    fireEvent.keyDown(screen.getByRole("searchbox"), { key: "Escape" });
    await drawn();
    expect(log().querySelector("mark")).toBeNull();
    expect(document.activeElement).toBe(log());
  });

  it("may be nowhere", async () => {
    await shown(server());
    seek("nowhere");
    await drawn();
    expect(screen.getByText("not found")).toBeTruthy();
  });
});

describe("a log that grows", () => {
  const PART = 10;

  async function growing(): Promise<{
    source: FakeServer;
    live: FakeLive;
    rerender: (props: LogViewerProps) => void;
  }> {
    const source = server();
    [source.there, source.isWhole] = [PART, false];
    const live = new FakeLive();
    const { rerender } = await shown(source, { ...whole, live, isOver: false, isBad: false });
    return { source, live, rerender: (props) => rerender(<LogViewer {...props} />) };
  }
  const lastOf = (source: FakeServer, pieces: number): number => (source.pieces[pieces]?.line ?? LINES) - 1;

  it("is told from where it was read to, and follows its end", async () => {
    const { source, live } = await growing();
    expect(live.followed).toEqual([source.pieces[PART]?.offset]);
    const reads = source.reads.length;
    live.tell(source.pieces[PART]);
    await drawn();
    expect(row(lastOf(source, PART + 1))).not.toBeNull();
    // Nothing of it was read.
    expect(source.reads.length).toBe(reads);
  });

  it("lets the reader scroll, until he wants the newest", async () => {
    const { source, live } = await growing();
    await scrollTo(200);
    const before = textOf(20);
    expect(before).toBe("line 20 of it");
    for (let n = PART; n < PART + 5; n += 1) live.tell(source.pieces[n]);
    await drawn();
    expect([textOf(20), row(lastOf(source, PART + 5))]).toEqual([before, null]);
    await click(screen.getByRole("button", { name: "Jump to newest" }));
    await drawn();
    expect(row(lastOf(source, PART + 5))).not.toBeNull();
    expect(screen.queryByRole("button", { name: "Jump to newest" })).toBeNull();
  });

  it("reads on though it ends before anything was read", async () => {
    const source = server();
    [source.there, source.isWhole] = [PART, false];
    const { rerender } = render(<LogViewer source={source} {...whole} isOver={false} />);
    rerender(<LogViewer source={source} {...whole} />);
    [source.there, source.isWhole] = [source.pieces.length, true];
    await drawn();
    expect(textOf(LINES - 1)).toBe(`line ${LINES - 1} of it`);
  });

  it("that could not be read is read when it ends", async () => {
    const source = server();
    source.isAway = true;
    const { rerender } = await shown(source, { ...whole, live: new FakeLive(), isOver: false });
    source.isAway = false;
    rerender(<LogViewer source={source} {...whole} />);
    await drawn();
    expect(textOf(LINES - 1)).toBe(`line ${LINES - 1} of it`);
  });

  it("reads what it was not told, and ends", async () => {
    const { source, live, rerender } = await growing();
    source.there = PART + 3;
    live.tell(source.pieces[PART + 2]);
    await drawn();
    expect(row(lastOf(source, PART + 3))).not.toBeNull();
    [source.there, source.isWhole] = [source.pieces.length, true];
    rerender({ ...whole, source });
    await drawn();
    expect(textOf(LINES - 1)).toBe(`line ${LINES - 1} of it`);
    expect(screen.queryByRole("button", { name: /^Follow/ })).toBeNull();
  });

  it("has commands that the server does not tell of, until it does", async () => {
    const source = new FakeServer(piecesOf([printed("stdout", "$ one\n$ printed\n")], () => 99));
    [source.script, source.isWhole] = [[0], false];
    const live = new FakeLive();
    const { rerender } = await shown(source, { ...whole, live, isOver: false });
    expect([0, 1].map((n) => row(n)?.dataset["command"] !== undefined)).toEqual([true, true]);
    source.isWhole = true;
    rerender(<LogViewer source={source} {...whole} />);
    await drawn();
    expect([0, 1].map((n) => row(n)?.dataset["command"] !== undefined)).toEqual([true, false]);
  });
});
