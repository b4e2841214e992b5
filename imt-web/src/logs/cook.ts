// A line as a terminal would leave it: raw text with codes in, spans of text with styles out.
//
// Colours are kept; carriage returns, backspaces and the codes that move within a line or erase it act as on a terminal; links,
// titles and every other code are dropped, and the text around them stays. Does not know of other lines, but for the styles
// that it begins with and ends with.
import { nameOf, UNSEEN } from "../text/marks";
import { isSame, PLAIN, styleAfter, type Style } from "./style";

export type Stream = "stdout" | "stderr" | "system";

/** A part of a line that came on one stream. */
export interface Run {
  readonly stream: Stream;
  readonly text: string;
}

/** What is shown in one style. */
export interface Span {
  readonly text: string;
  readonly style: Style;
  readonly stream: Stream;
  /** It stands for characters that are not seen. */
  readonly isMark: boolean;
}

/** The styles that the streams are in. */
export type Styles = Readonly<Record<Stream, Style>>;
export const NO_STYLES: Styles = { stdout: PLAIN, stderr: PLAIN, system: PLAIN };

export interface Cooked {
  readonly spans: readonly Span[];
  /** There is more than was asked for. */
  readonly isCut: boolean;
}

// A code of a terminal; text; or a single character that is neither. No part looks past the next escape, so that it takes
// linear time whatever is printed.
const TOKEN =
  // eslint-disable-next-line no-control-regex -- controls are what it is about
  /\x1b\[([0-?]*)[ -/]*([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[PX^_][^\x1b]*\x1b\\|\x1b[ -/]*[0-~]|[^\x00-\x08\x0a-\x1f\x7f-\x9f]+|[^]/gu;
// eslint-disable-next-line no-control-regex -- as above
const SGR = /\x1b\[([0-?]*)[ -/]*m/g;
/** What needs a cursor. */
// eslint-disable-next-line no-control-regex -- as above
const MOVES = /[\r\b]|\x1b\[[0-?]*[CDGPX@`a]|\x1b\[[12]K/;
/** A code that is not at its end. */
// eslint-disable-next-line no-control-regex -- as above
const UNFINISHED = /\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*)?$/;

/** The line as it is shown, and no more than about `most` characters of it. */
export function cook(runs: readonly Run[], styles: Styles, most: number): Cooked {
  const joined = rejoined(runs);
  const line = joined.some((run) => MOVES.test(run.text)) ? new Cells() : new Appended(most);
  const now: Record<Stream, Style> = { ...styles };
  for (const { stream, text } of joined) {
    if (line.isFull) break;
    take(line instanceof Cells ? lastOf(text) : text, stream, now, line);
  }
  return line.cooked(most);
}

function lastOf(text: string): string {
  const first = text.length > MOST_MOVED ? text.indexOf("\r", text.length - MOST_MOVED) : -1;
  return first < 0 ? text : text.slice(first);
}

/** The styles after a line that began with these. */
export function stylesAfter(runs: readonly Run[], styles: Styles): Styles {
  let after = styles;
  for (const { stream, text } of rejoined(runs)) {
    if (!text.includes("\x1b")) continue;
    let style = after[stream];
    for (const [, params = ""] of text.matchAll(SGR)) style = styleAfter(style, params);
    if (style !== after[stream]) after = { ...after, [stream]: style };
  }
  return after;
}

/** A code that another stream came between is put together again, and returns at the end of the line do nothing. */
function rejoined(runs: readonly Run[]): readonly Run[] {
  const last = runs.at(-1);
  if (runs.length < 2) {
    return last?.text.endsWith("\r") ? [{ stream: last.stream, text: last.text.replace(/\r+$/, "") }] : runs;
  }
  const held: Partial<Record<Stream, string>> = {};
  const joined: Run[] = [];
  for (const [n, { stream, text }] of runs.entries()) {
    let whole = (held[stream] ?? "") + text;
    held[stream] = "";
    const isLast = !runs.slice(n + 1).some((later) => later.stream === stream);
    const cut = isLast ? -1 : whole.search(UNFINISHED);
    if (cut >= 0) [whole, held[stream]] = [whole.slice(0, cut), whole.slice(cut)];
    if (n === runs.length - 1) whole = whole.replace(/\r+$/, "");
    if (whole !== "") joined.push({ stream, text: whole });
  }
  return joined;
}

function take(text: string, stream: Stream, now: Record<Stream, Style>, line: Cells | Appended): void {
  for (const match of text.matchAll(TOKEN)) {
    if (line.isFull) return;
    const [token, params = "", final] = match;
    if (final === "m") now[stream] = styleAfter(now[stream], params);
    else if (final !== undefined) line.move(final, params);
    else if (token === "\r") line.move("G", "1");
    else if (token === "\b") line.move("D", "1");
    else if (token.length > 1 && token.startsWith("\x1b")) continue;
    else put(token, stream, now[stream], line);
  }
}

/** What stands for a character that is not seen: a picture, or its name, set apart from what a program prints. */
function markOf(character: string): string {
  const name = nameOf(character);
  return name.length === 1 ? name : `‹${name}›`;
}

/** Text, with whatever is not seen in it made visible. */
function put(text: string, stream: Stream, style: Style, line: Cells | Appended): void {
  let rest = text;
  for (let at = rest.search(UNSEEN); at >= 0 && !line.isFull; at = rest.search(UNSEEN)) {
    if (at > 0) line.put(rest.slice(0, at), stream, style, false);
    const character = String.fromCodePoint(rest.codePointAt(at) ?? 0);
    line.put(markOf(character), stream, style, true);
    rest = rest.slice(at + character.length);
  }
  if (rest !== "") line.put(rest, stream, style, false);
}

/** Spans one after the other, where nothing moves. */
class Appended {
  readonly #spans: Span[] = [];
  #length = 0;

  constructor(readonly most: number) {}

  get isFull(): boolean {
    return this.#length > this.most;
  }

  move(): void {
    // There is nothing after the end to be erased.
  }

  put(text: string, stream: Stream, style: Style, isMark: boolean): void {
    this.#length += text.length;
    append(this.#spans, { text, stream, style, isMark });
  }

  cooked(most: number): Cooked {
    return cut(this.#spans, most);
  }
}

/** How far the cursor goes; what would be printed beyond it is left out. */
const MOST_CELLS = 20_000;
/** How far it goes beyond what is there. */
const MOST_COLUMNS = 500;
/** How many cells may be touched by codes in one line, so that no line takes forever. */
const MOST_TOUCHED = 2_000_000;
/** Of a line with returns that is longer, only what was printed last is looked at. */
const MOST_MOVED = 64 * 1024;

/** A row of characters with a cursor in it. */
class Cells {
  readonly isFull = false;
  #cells: (Span | undefined)[] = [];
  #at = 0;
  #touched = 0;
  #isOver = false;

  move(final: string, params: string): void {
    if ("KPX@".includes(final)) this.#touched += this.#cells.length;
    if (this.#touched > MOST_TOUCHED) return;
    const n = Math.min(Number(params.split(";", 1)[0] ?? "") || 1, MOST_CELLS);
    switch (final) {
      case "G":
      case "`":
        this.#at = this.#near(n - 1);
        break;
      case "C":
      case "a":
        this.#at = this.#near(this.#at + n);
        break;
      case "D":
        this.#at = Math.max(0, this.#at - n);
        break;
      case "K":
        this.#erase(params);
        break;
      case "P":
        this.#cells.splice(this.#at, n);
        break;
      case "X":
        this.#cells.fill(undefined, this.#at, this.#at + n);
        break;
      case "@":
        if (this.#at < this.#cells.length)
          this.#cells.splice(this.#at, 0, ...new Array<undefined>(n).fill(undefined));
        this.#cells.length = Math.min(this.#cells.length, MOST_CELLS);
        break;
      default:
        break;
    }
  }

  /** A terminal has an edge, and what is printed at it is still seen. */
  #near(at: number): number {
    return Math.min(at, Math.max(this.#at, MOST_COLUMNS));
  }

  #erase(params: string): void {
    if (params === "2") this.#cells = [];
    else if (params === "1") this.#cells.fill(undefined, 0, this.#at + 1);
    else this.#cells.length = Math.min(this.#cells.length, this.#at);
  }

  put(text: string, stream: Stream, style: Style, isMark: boolean): void {
    if (isMark) {
      this.#set({ text, stream, style, isMark });
      return;
    }
    for (const character of text) {
      const before = this.#cells[this.#at - 1];
      if (before && character >= "\u0300" && /^[\p{M}\u200d]/u.test(character)) {
        this.#cells[this.#at - 1] = { ...before, text: before.text + character };
      } else this.#set({ text: character, stream, style, isMark });
    }
  }

  #set(cell: Span): void {
    if (this.#at >= MOST_CELLS) {
      this.#isOver = true;
      return;
    }
    while (this.#cells.length < this.#at) this.#cells.push(undefined);
    this.#cells[this.#at] = cell;
    this.#at += 1;
  }

  cooked(most: number): Cooked {
    const spans: Span[] = [];
    const stream = this.#cells.find((cell) => cell !== undefined)?.stream ?? "stdout";
    const blank: Span = { text: " ", style: PLAIN, stream, isMark: false };
    let last = this.#cells.length;
    while (last > 0 && this.#cells[last - 1] === undefined) last -= 1;
    for (let at = 0; at < last && at <= most; at += 1) append(spans, this.#cells[at] ?? blank);
    const whole = cut(spans, most);
    return { ...whole, isCut: whole.isCut || this.#isOver };
  }
}

function append(spans: Span[], span: Span): void {
  const before = spans.at(-1);
  if (before?.stream === span.stream && before.isMark === span.isMark && isSame(before.style, span.style)) {
    spans[spans.length - 1] = { ...before, text: before.text + span.text };
  } else spans.push(span);
}

function cut(spans: readonly Span[], most: number): Cooked {
  const kept: Span[] = [];
  let room = most;
  for (const span of spans) {
    if (span.text.length <= room) {
      kept.push(span);
      room -= span.text.length;
      continue;
    }
    // Not within a character of two halves.
    const isWithin = /[\ud800-\udbff]/.test(span.text.charAt(room - 1));
    const text = span.text.slice(0, isWithin ? room - 1 : room);
    if (text !== "") kept.push({ ...span, text });
    return { spans: kept, isCut: true };
  }
  return { spans: kept, isCut: false };
}

/** The text of it alone. */
export function textOf(cooked: Cooked): string {
  return cooked.spans.map((span) => span.text).join("");
}
