// One log, as much of it as somebody looks at: its end first, the rest where it is wanted, what is new as it comes.
//
// What is kept is bounded, whatever the length of the log. Nothing is shown twice and nothing is left out: a live piece that does
// not join on is not taken, and what is missing before it is read instead. Does not know of components.
import type { Piece } from "../live/messages";
import { Chunk } from "./chunk";
import { Chunks } from "./chunks";
import type { Styles } from "./cook";
import { from, lengthOf, LineReader, type Line } from "./lines";
import type { LogSource, Page } from "./source";

/** So many lines are read at first: some screens full. */
const TAIL_LINES = 400;
/** What is kept beside the end, about, in bytes. */
const MOST_KEPT = 16 << 20;
/** The end is cut off and becomes like any other part when it is so large. */
const MOST_TAIL = 512 << 10;
/** About what the server gives at a time. */
const PAGE_SIZE = 200 << 10;
/** Who is behind by so many bytes jumps to the end. */
const MOST_BEHIND = 12 * PAGE_SIZE;
/** And begins with so many lines there. */
const JUMP_LINES = 50;
const PAUSE_MS = 2_000;

export interface Seen {
  readonly line: Line;
  readonly styles: Styles;
}

export type Phase = "loading" | "ready" | "failed";

export class LogStore {
  readonly #source: LogSource;
  readonly #chunks = new Chunks(MOST_KEPT);
  readonly #listeners = new Set<() => void>();
  readonly #abort = new AbortController();
  #tail = new Chunk(0, []);
  #reader = new LineReader();
  #next = 0;
  /** How many bytes the server has told of. */
  #total = 0;
  #lastAt = 0;
  #isOpen = false;
  #isWhole = false;
  #isReading = false;
  #isFilling = false;
  #isPaused = false;
  #hasMissed = false;
  #wanted = { first: 0, end: 0 };
  #error: unknown = null;
  #version = 0;

  constructor(source: LogSource) {
    this.#source = source;
  }

  /** Changes whenever anything does. */
  get version(): number {
    return this.#version;
  }

  get phase(): Phase {
    return this.#isOpen ? "ready" : this.#error === null ? "loading" : "failed";
  }

  /** Why something that is wanted is not there. */
  get error(): unknown {
    return this.#error;
  }

  /** How many lines there are so far. */
  get lines(): number {
    return this.#tail.end + (this.#reader.open ? 1 : 0);
  }

  /** How many of them have ended. */
  get ended(): number {
    return this.#tail.end;
  }

  /** When the last of it came, in milliseconds. */
  get lastAt(): number {
    return this.#lastAt;
  }

  /** How many bytes were read or are before those that were: the first one that is not there. */
  get next(): number {
    return this.#next;
  }

  /** How many bytes there are so far. */
  get bytes(): number {
    return Math.max(this.#next, this.#total);
  }

  /** Whether nothing more comes. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** About what is in memory. */
  get size(): number {
    return this.#chunks.size + this.#tail.size;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#abort.abort();
    this.#listeners.clear();
  }

  /** A line, if it is there. */
  line(n: number): Seen | undefined {
    const chunk = n >= this.#tail.first ? this.#tail : this.#chunks.of(n);
    if (!chunk) return undefined;
    const line = chunk === this.#tail && n === chunk.end ? this.#reader.open : chunk.line(n);
    return line ? { line, styles: chunk.stylesOf(n) } : undefined;
  }

  /** The first line from which on all lines to the end are there. */
  get joinedFrom(): number {
    let first = this.#tail.first;
    for (let chunk = this.#chunks.of(first - 1); chunk && first > 0; chunk = this.#chunks.of(first - 1))
      first = chunk.first;
    return first;
  }

  /** Reads the end, and whatever has come since. */
  async refresh(): Promise<void> {
    if (this.#isReading) {
      this.#hasMissed = true;
      return;
    }
    this.#isReading = true;
    try {
      await this.#catchUp();
      this.#error = null;
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isReading = false;
    }
    this.#changed();
  }

  /** Takes a piece that has just come. */
  push(piece: Piece): void {
    if (this.#isWhole) return;
    if (!this.#isOpen || this.#isReading) {
      this.#hasMissed = true;
      return;
    }
    if (piece.offset > this.#next) {
      void this.refresh();
      return;
    }
    // Cheap for what is old: who follows from the beginning is told all that we do not need.
    if ("text" in piece && piece.offset + piece.text.length * 3 <= this.#next) return;
    if (piece.offset + lengthOf(piece) <= this.#next) return;
    this.#take(from(piece, this.#next));
    this.#changed();
  }

  /** These lines are looked at: reads what of them is not there. */
  want(first: number, end: number): void {
    this.#wanted = { first: Math.max(0, first), end: Math.min(end, this.#tail.first) };
    this.#chunks.use(first, end);
    void this.#fill();
  }

  async #readTail(): Promise<boolean> {
    const page = await this.#read({ tail: TAIL_LINES });
    const isAll = this.#begin(page);
    this.#isOpen = true;
    this.#changed();
    return isAll;
  }

  /** Begins anew at the end, where that is farther than we are; says whether all is there then. */
  async #jump(): Promise<boolean> {
    const page = await this.#read({ tail: JUMP_LINES });
    if ((page.items[0]?.offset ?? 0) <= this.#next) return false;
    this.#cutOff();
    return this.#begin(page);
  }

  #begin(page: Page): boolean {
    const first = page.items[0];
    this.#tail = new Chunk(first?.line ?? 0, []);
    this.#reader = new LineReader();
    this.#next = first?.offset ?? page.next_offset;
    return this.#takePage(page);
  }

  /** Takes what comes next; says whether that was all. */
  #takePage(page: Page): boolean {
    for (const piece of page.items) this.#take(from(piece, this.#next));
    this.#total = page.bytes;
    const isAll = this.#next >= page.bytes;
    if (isAll && page.is_whole) this.#finish();
    return isAll;
  }

  /** Reads on to the end. */
  async #catchUp(): Promise<void> {
    this.#hasMissed = false;
    let isAll = !this.#isOpen && (await this.#readTail());
    // What came while we read may not have been there when the server looked.
    while (!this.#isWhole && (!isAll || this.#hasMissedSomething())) {
      this.#hasMissed = false;
      isAll = this.#takePage(await this.#read({ offset: this.#next }));
      if (!isAll && this.#total - this.#next > MOST_BEHIND) isAll = await this.#jump();
      this.#changed();
    }
  }

  #hasMissedSomething(): boolean {
    return this.#hasMissed;
  }

  #finish(): void {
    this.#reader.finish();
    this.#isWhole = true;
  }

  #take(piece: Piece): void {
    this.#reader.push(piece);
    this.#next = piece.offset + lengthOf(piece);
    this.#lastAt = Date.parse(piece.at);
    this.#tail.push(this.#reader.drain());
    if (this.#tail.size > MOST_TAIL) this.#cutOff();
  }

  /** What is at the end becomes like any other part; another end begins after it. */
  #cutOff(): void {
    const old = this.#tail;
    if (old.end === old.first) return;
    this.#chunks.insert(old);
    this.#tail = new Chunk(old.end, []);
    this.#tail.beginIn(old.after);
    this.#chunks.shrink();
  }

  async #fill(): Promise<void> {
    if (this.#isFilling || this.#isPaused || !this.#isOpen) return;
    this.#isFilling = true;
    try {
      for (let gap = this.#gap(); gap !== undefined; gap = this.#gap()) {
        await this.#readGap(gap);
        this.#chunks.use(this.#wanted.first, this.#wanted.end);
        this.#chunks.shrink();
        this.#error = null;
        this.#changed();
      }
    } catch (error) {
      this.#pause();
      this.#fail(error);
    } finally {
      this.#isFilling = false;
    }
  }

  /** A server that does not answer is not asked again at once. */
  #pause(): void {
    this.#isPaused = true;
    setTimeout(() => {
      this.#isPaused = false;
      if (!this.#abort.signal.aborted) void this.#fill();
    }, PAUSE_MS);
  }

  #gap(): number | undefined {
    return this.#chunks.gapFrom(this.#wanted.first, this.#wanted.end);
  }

  /** Reads a page of what is missing around a line; where it ends in something that is there, up to there. */
  async #readGap(line: number): Promise<void> {
    const { first, end } = this.#chunks.gapAround(line);
    const until = Math.min(end, this.#tail.first);
    const lines = Math.max(1, Math.floor(PAGE_SIZE / this.#chunks.lineSize));
    const isUpwards = until - line < lines / 2 || until <= this.#wanted.end;
    await this.#readPart(
      Math.max(first, Math.min(line, isUpwards ? until - lines : line - Math.floor(lines / 4))),
      until,
    );
    // Lines that are longer than we thought: it may not have come so far.
    if (line < until && !this.#chunks.of(line)) await this.#readPart(line, until);
  }

  async #readPart(start: number, until: number): Promise<void> {
    const page = await this.#read({ line: start });
    const reader = new LineReader();
    for (const piece of page.items) reader.push(piece);
    const read = reader.drain();
    // A line that is longer than a page is cut: the one after it has its own number.
    if (read.length === 0 && reader.open) read.push({ ...reader.open, isCut: true });
    if (read.length === 0) throw new Error("This part of the log is no longer there.");
    this.#chunks.add(start, read.slice(0, Math.max(0, until - start)));
  }

  async #read(start: Parameters<LogSource["read"]>[0]): Promise<Page> {
    return this.#source.read(start, this.#abort.signal);
  }

  #fail(error: unknown): void {
    if (this.#abort.signal.aborted) return;
    this.#error = error;
    this.#changed();
  }

  #changed(): void {
    this.#version += 1;
    for (const listener of this.#listeners) listener();
  }
}
