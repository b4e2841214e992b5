// Which line is in which row where some are folded away.
//
// Does not know why they are, or how high a row is.

export interface Range {
  readonly first: number;
  /** The one after the last. */
  readonly end: number;
}

export class RowMap {
  /** What is hidden, in order and apart, and how many lines are hidden before each. */
  readonly #hidden: { readonly first: number; readonly end: number; readonly before: number }[] = [];
  readonly rows: number;

  constructor(
    readonly lines: number,
    hidden: readonly Range[],
  ) {
    let before = 0;
    for (const { first, end } of hidden) {
      const last = Math.min(end, lines);
      if (last <= first) continue;
      this.#hidden.push({ first, end: last, before });
      before += last - first;
    }
    this.rows = lines - before;
  }

  lineOf(row: number): number {
    // The last range that begins at or before where the row would be.
    let [low, high] = [0, this.#hidden.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const range = this.#hidden[middle];
      if (range && range.first - range.before <= row) low = middle + 1;
      else high = middle;
    }
    const range = this.#hidden[low - 1];
    return range ? row + range.before + range.end - range.first : row;
  }

  /** The row of a line; of one that is hidden, the row that stands for it. */
  rowOf(line: number): number {
    let [low, high] = [0, this.#hidden.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#hidden[middle]?.first ?? Infinity) <= line) low = middle + 1;
      else high = middle;
    }
    const range = this.#hidden[low - 1];
    if (!range) return line;
    if (line < range.end) return Math.max(0, range.first - range.before - 1);
    return line - range.before - (range.end - range.first);
  }
}
