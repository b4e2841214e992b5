// Where one is in a list that may be far longer than a browser can scroll.
//
// Browsers lose their way above some 16 million pixels. The bar therefore has at most `MOST_PX`, and stands for a share of the list;
// small movements move the list by as many pixels as the bar, however long it is, and the bar is put right when all is quiet.
// Pure: does not know of elements.

export const MOST_PX = 8_000_000;

/** The upper edge of what is seen: so many pixels below the upper edge of a row. */
export interface Place {
  readonly row: number;
  readonly px: number;
}

export const TOP: Place = { row: 0, px: 0 };

export interface Measures {
  readonly rows: number;
  /** How high a row is where nothing else is known. */
  readonly rowPx: number;
  /** How high what is seen is. */
  readonly seenPx: number;
  /** How high a row is, if that is known. */
  readonly heightOf: (row: number) => number;
}

/** How long the bar's way is, with what is seen. */
export function barPx({ rows, rowPx, seenPx }: Measures): number {
  return Math.max(seenPx, Math.min(rows * rowPx, MOST_PX));
}

/** Whether the bar stands for a share, and not for pixels. */
export function isScaled({ rows, rowPx }: Measures): boolean {
  return rows * rowPx > MOST_PX;
}

/** Where the bar belongs. */
export function barOf(place: Place, measures: Measures): number {
  const { rows, rowPx, seenPx } = measures;
  const inRow = place.px / Math.max(1, measures.heightOf(place.row));
  const top = (place.row + Math.min(1, inRow)) * rowPx;
  const most = Math.max(1, rows * rowPx - seenPx);
  return Math.min(1, top / most) * (barPx(measures) - seenPx);
}

/** The place that the bar stands for. */
export function placeOfBar(bar: number, measures: Measures): Place {
  const { rows, rowPx, seenPx } = measures;
  const way = Math.max(1, barPx(measures) - seenPx);
  const top = Math.max(0, Math.min(1, bar / way)) * Math.max(0, rows * rowPx - seenPx);
  const row = Math.min(Math.max(0, rows - 1), Math.floor(top / rowPx));
  return { row, px: ((top - row * rowPx) / rowPx) * measures.heightOf(row) };
}

/** The place so many pixels further down, or up. */
export function moved(place: Place, by: number, measures: Measures): Place {
  let { row, px } = place;
  px += by;
  while (px < 0 && row > 0) {
    row -= 1;
    px += measures.heightOf(row);
  }
  while (row < measures.rows - 1 && px >= measures.heightOf(row)) {
    px -= measures.heightOf(row);
    row += 1;
  }
  return clamped({ row, px: Math.max(0, px) }, measures);
}

/** The last place: the last row ends where what is seen ends. */
export function lastPlace(measures: Measures): Place {
  let [row, px] = [measures.rows, -measures.seenPx];
  while (row > 0 && px < 0) {
    row -= 1;
    px += measures.heightOf(row);
  }
  return { row, px: Math.max(0, px) };
}

/** The place itself, or the last one where it is beyond. */
export function clamped(place: Place, measures: Measures): Place {
  const last = lastPlace(measures);
  return place.row > last.row || (place.row === last.row && place.px > last.px) ? last : place;
}

/** What the reader has moved the bar to: a small movement moves the list as far, a large one goes to the share. */
export function afterBar(
  place: Place,
  before: number,
  bar: number,
  measures: Measures,
  isExact: boolean,
): Place {
  if (isExact || Math.abs(bar - before) > 2 * measures.seenPx) return placeOfBar(bar, measures);
  return moved(place, bar - before, measures);
}
