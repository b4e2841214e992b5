// A search through the whole log, as the server finds what is looked for.
//
// Does not know how a hit is shown.
import type { Found, LogSource } from "./source";

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

  /** Looks for it in all of the log; the hit to begin with is the first one at `near` or after it. */
  async start(query: string, near: number): Promise<void> {
    this.stop();
    if (query === "") return;
    const abort = new AbortController();
    this.#abort = abort;
    this.#set({ ...NO_SEARCH, query, isRunning: true });
    try {
      for (let line: number | null = 0; line !== null;) {
        const page = await this.source.search(query, line, abort.signal);
        if (this.#abort !== abort) return;
        const hits = [...this.#now.hits, ...page.items].slice(0, MOST_HITS);
        const first = hits.findIndex((hit) => hit.line >= near);
        this.#set({ ...this.#now, hits, at: this.#now.at < 0 ? first : this.#now.at });
        const isFull = hits.length >= MOST_HITS && page.next_line !== null;
        if (isFull) this.#set({ ...this.#now, isFull });
        line = isFull ? null : page.next_line;
      }
      this.#set({ ...this.#now, at: this.#now.at < 0 ? this.#now.hits.length - 1 : this.#now.at });
    } catch (error) {
      if (this.#abort !== abort) return;
      this.#set({ ...this.#now, error });
    }
    this.#set({ ...this.#now, isRunning: false });
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

/** Where a query is in a text: the texts between and of its hits, in turn, beginning with what is before the first. */
export function splitAt(text: string, query: string): string[] {
  const literal = query.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
  return text.split(new RegExp(`(${literal})`, "giu"));
}
