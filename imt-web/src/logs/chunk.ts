// Lines that follow each other, with the styles that each of them begins in.
//
// Does not know where they come from, or which others there are.
import { NO_STYLES, stylesAfter, type Styles } from "./cook";
import type { Line } from "./lines";
import { isSame } from "./style";

export class Chunk {
  readonly #lines: Line[];
  #start: Styles = NO_STYLES;
  /** The styles that each line begins in, and those after the last; made when they are asked for. */
  #styles: Styles[] = [];
  #size: number;
  /** When it was last looked at, by whoever keeps it. */
  used = 0;

  constructor(
    readonly first: number,
    lines: Line[],
  ) {
    this.#lines = lines;
    this.#size = sizeOf(lines);
  }

  /** The line after its last. */
  get end(): number {
    return this.first + this.#lines.length;
  }

  /** About how much memory it takes. */
  get size(): number {
    return this.#size;
  }

  get start(): Styles {
    return this.#start;
  }

  /** The styles after its last line. */
  get after(): Styles {
    return this.#stylesAt(this.#lines.length);
  }

  line(n: number): Line | undefined {
    return this.#lines[n - this.first];
  }

  stylesOf(n: number): Styles {
    return this.#stylesAt(n - this.first);
  }

  push(lines: readonly Line[]): void {
    for (const line of lines) this.#lines.push(line);
    this.#size += sizeOf(lines);
  }

  /** Says in which styles its first line begins; whether that is new. */
  beginIn(styles: Styles): boolean {
    if (areSame(this.#start, styles)) return false;
    this.#start = styles;
    this.#styles = [];
    return true;
  }

  #stylesAt(index: number): Styles {
    if (this.#styles.length === 0) this.#styles.push(this.#start);
    for (let n = this.#styles.length; n <= index; n += 1) {
      const before = this.#styles[n - 1] ?? NO_STYLES;
      this.#styles.push(stylesAfter(this.#lines[n - 1]?.runs ?? [], before));
    }
    return this.#styles[index] ?? NO_STYLES;
  }
}

/** What a line takes beside its text. */
const LINE_SIZE = 100;

function sizeOf(lines: readonly Line[]): number {
  let size = lines.length * LINE_SIZE;
  for (const line of lines) for (const run of line.runs) size += run.text.length;
  return size;
}

function areSame(one: Styles, other: Styles): boolean {
  return (
    isSame(one.stdout, other.stdout) && isSame(one.stderr, other.stderr) && isSame(one.system, other.system)
  );
}
