// The parts of a log that are kept: which lines are there, which is the next gap, and what is forgotten first.
//
// Does not know how gaps are filled.
import { Chunk } from "./chunk";
import { NO_STYLES } from "./cook";
import type { Line } from "./lines";

export class Chunks {
  /** In the order of their lines; no two have a line in common. */
  readonly #all: Chunk[] = [];
  #tick = 0;

  constructor(readonly most: number) {}

  get size(): number {
    return this.#all.reduce((size, chunk) => size + chunk.size, 0);
  }

  /** What a line takes, on average of what is there. */
  get lineSize(): number {
    const lines = this.#all.reduce((count, chunk) => count + chunk.end - chunk.first, 0);
    return lines === 0 ? 200 : this.size / lines;
  }

  /** The chunk that has the line. */
  of(line: number): Chunk | undefined {
    const chunk = this.#all[this.#placeOf(line) - 1];
    return chunk && line < chunk.end ? chunk : undefined;
  }

  /** The first line from `line` on that is not there, before `end`. */
  gapFrom(line: number, end: number): number | undefined {
    let at = line;
    for (let chunk = this.of(at); chunk && at < end; chunk = this.of(at)) at = chunk.end;
    return at < end ? at : undefined;
  }

  /** Between which lines nothing is there around one that is not. */
  gapAround(line: number): { first: number; end: number } {
    const place = this.#placeOf(line);
    return { first: this.#all[place - 1]?.end ?? 0, end: this.#all[place]?.first ?? Infinity };
  }

  /** Keeps lines, as far as they are not there. */
  add(first: number, lines: Line[]): void {
    const gap = this.gapAround(first);
    if (first < gap.first || lines.length === 0) return;
    const fitting = lines.slice(0, Math.max(0, gap.end - first));
    if (fitting.length > 0) this.insert(new Chunk(first, fitting));
  }

  insert(chunk: Chunk): void {
    chunk.used = ++this.#tick;
    this.#all.splice(this.#placeOf(chunk.first), 0, chunk);
    this.#link(chunk.first);
  }

  /** Notes that these lines are looked at; all else may be forgotten. */
  use(first: number, end: number): void {
    this.#tick += 1;
    for (const chunk of this.#all) if (chunk.first < end && chunk.end > first) chunk.used = this.#tick;
  }

  /** Forgets what was not looked at for the longest time, as far as there is too much. */
  shrink(): void {
    let size = this.size;
    while (size > this.most) {
      const oldest = this.#all.reduce((one, other) => (other.used < one.used ? other : one));
      if (oldest.used === this.#tick) return;
      this.#all.splice(this.#all.indexOf(oldest), 1);
      size -= oldest.size;
    }
  }

  clear(): void {
    this.#all.length = 0;
  }

  /** Carries the styles over, from the chunk of a line on, as long as they change anything. */
  #link(line: number): void {
    for (let place = this.#placeOf(line) - 1; place < this.#all.length; place += 1) {
      const [before, chunk] = [this.#all[place - 1], this.#all[place]];
      const isJoined = before !== undefined && before.end === chunk?.first;
      const isNew = chunk?.beginIn(isJoined ? before.after : NO_STYLES);
      if (!isNew && chunk?.first !== line) return;
    }
  }

  /** How many chunks begin at or before the line. */
  #placeOf(line: number): number {
    let [low, high] = [0, this.#all.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#all[middle]?.first ?? Infinity) <= line) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
