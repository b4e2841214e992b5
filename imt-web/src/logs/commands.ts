// The commands of a log, as the server finds them: asked for bit by bit, and again from the last one when there is more.
//
// Does not know how they are shown.
import type { Echo } from "./groups";
import type { LogSource } from "./source";

export class Commands {
  #found: readonly Echo[] = [];
  #next = { line: 0, item: 0 };
  #isWhole = false;
  #isAsking = false;
  readonly #abort = new AbortController();
  readonly #listeners = new Set<() => void>();

  constructor(readonly source: LogSource) {}

  get found(): readonly Echo[] {
    return this.#found;
  }

  /** Whether all of the log was looked through: there are no others. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Asks for those that there are by now. */
  async ask(): Promise<void> {
    const { commands } = this.source;
    if (commands === null || this.#isWhole || this.#isAsking) return;
    this.#isAsking = true;
    try {
      for (let isMore = true; isMore && !this.#abort.signal.aborted;) {
        const page = await commands(this.#next, this.#abort.signal);
        const added = page.items.map(({ line, at }) => ({ line, at: Date.parse(at) }));
        this.#found = [...this.#found, ...added];
        const last = page.items.at(-1);
        if (last) this.#next = { line: last.line + 1, item: last.item + 1 };
        const { next_line: line, next_item: item } = page;
        isMore = typeof line === "number";
        if (typeof line === "number") this.#next = { line, item: item ?? this.#next.item };
        this.#isWhole = !isMore && page.is_whole;
        this.#changed();
      }
    } catch {
      // Without them there is nothing to fold but what is found among the lines.
    } finally {
      this.#isAsking = false;
    }
  }

  close(): void {
    this.#abort.abort();
    this.#listeners.clear();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
