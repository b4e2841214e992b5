// A search through the whole log, as the server finds what is looked for.
//
// Does not know how a hit is shown.
import type { Found, FoundPage, LogSource } from "./source";

/** So many hits are enough for anybody to look at. */
const MOST_HITS = 10_000;

export interface Search {
  readonly query: string;
  readonly hits: readonly Found[];
  /** The hit that is looked at; -1: none yet. */
  readonly at: number;
  readonly isRunning: boolean;
  /** There are more, which are not looked for. */
  readonly isFull: boolean;
  readonly error: unknown;
}

export const NO_SEARCH: Search = {
  query: "",
  hits: [],
  at: -1,
  isRunning: false,
  isFull: false,
  error: null,
};

export class Searcher {
  #now = NO_SEARCH;
  #abort = new AbortController();
  readonly #listeners = new Set<() => void>();

  constructor(readonly source: LogSource) {}

  get now(): Search {
    return this.#now;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Looks for it in all of the log, from the line `near` on to its end and then from its beginning; the first hit is looked at. */
  async start(query: string, near: number): Promise<void> {
    this.stop();
    if (query === "") return;
    const abort = new AbortController();
    this.#abort = abort;
    this.#set({ ...NO_SEARCH, query, isRunning: true });
    try {
      const after = await this.#look(query, near, Infinity, [], abort.signal);
      await this.#look(query, 0, near, after, abort.signal);
    } catch (error) {
      if (this.#abort !== abort) return;
      this.#set({ ...this.#now, error });
    }
    this.#set({ ...this.#now, isRunning: false });
  }

  /** Looks from a line to before another one; what was found before this stands behind it. */
  async #look(
    query: string,
    first: number,
    end: number,
    behind: readonly Found[],
    signal: AbortSignal,
  ): Promise<readonly Found[]> {
    const found: Found[] = [];
    let line: number | null = first < end ? first : null;
    while (line !== null && found.length + behind.length < MOST_HITS) {
      const page: FoundPage = await this.source.search(query, line, signal);
      signal.throwIfAborted();
      const added = page.items.filter((hit) => hit.line < end);
      found.push(...added.slice(0, MOST_HITS - behind.length - found.length));
      const next: number | null = page.next_line ?? null;
      line = next === null || next >= end ? null : next;
      // The one that is looked at stays the same, however many come before it.
      const { hits, at } = this.#now;
      const now = [...found, ...behind];
      const moved = at >= 0 && behind.length > 0 ? at + now.length - hits.length : at;
      this.#set({ ...this.#now, hits: now, at: moved < 0 && now.length > 0 ? 0 : moved });
    }
    if (line !== null) this.#set({ ...this.#now, isFull: true });
    return found;
  }

  /** Goes to the next hit or the one before; after the last comes the first. */
  step(by: 1 | -1): void {
    const { hits, at } = this.#now;
    if (hits.length > 0) this.#set({ ...this.#now, at: (at + by + hits.length) % hits.length });
  }

  stop(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    if (this.#now !== NO_SEARCH) this.#set(NO_SEARCH);
  }

  #set(now: Search): void {
    this.#now = now;
    for (const listener of this.#listeners) listener();
  }
}
