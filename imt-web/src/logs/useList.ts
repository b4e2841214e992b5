// A list of rows in an element that scrolls: which rows are to be there, where they are, and whether the end is followed.
//
// Does not know what is in a row. The rows are in one block; where it is put is decided here after they were measured and before
// anything is painted, so that nothing is ever seen in the wrong place.
import { useCallback, useEffect, useLayoutEffect, useRef, useState, type RefObject } from "react";
import { flushSync } from "react-dom";

import {
  afterBar,
  barOf,
  barPx,
  clamped,
  isScaled,
  lastPlace,
  placeOfBar,
  TOP,
  type Measures,
  type Place,
} from "./scroll";

export const ROW_PX = 20;
/** So many rows are there above and below what is seen. */
const SPARE = 24;
/** How high what is seen is taken to be, where it is not laid out. */
const UNSEEN_PX = 600;
/** After so long without movement the bar is put right. */
const QUIET_MS = 160;

export interface List {
  readonly barPx: number;
  /** The rows that are to be there. */
  readonly first: number;
  readonly end: number;
  /** The first row that is seen, at least in part. */
  readonly top: number;
  readonly seen: number;
  readonly isFollowing: boolean;
  readonly follow: (wanted: boolean) => void;
  /** Shows a row: near the upper edge, or where it is if it is seen already. */
  readonly show: (row: number, isAtTop?: boolean) => void;
  readonly page: (by: number) => void;
}

/** The element that scrolls, and the block of the rows in it. */
export interface Elements {
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly block: RefObject<HTMLDivElement | null>;
}

export function useList(
  { scroller, block }: Elements,
  rows: number,
  isWrapped: boolean,
  follows: boolean,
): List {
  const heights = useRef(new Map<number, number>());
  const bar = useRef(0);
  const quiet = useRef<ReturnType<typeof setTimeout>>(undefined);
  const [seenPx, setSeenPx] = useState(UNSEEN_PX);
  const [seenWidth, setSeenWidth] = useState(0);
  const [place, setPlace] = useState<Place>(TOP);
  const [isFollowing, setFollowing] = useState(follows);

  const heightOf = useCallback((row: number) => heights.current.get(row) ?? ROW_PX, []);
  const measures: Measures = { rows, rowPx: ROW_PX, seenPx, heightOf };
  const isExact = !isWrapped && !isScaled(measures);
  const now = useRef({ measures, place, isExact, isFollowing });

  const shown = isFollowing ? lastPlace(measures) : clamped(place, measures);
  const seen = Math.ceil(seenPx / ROW_PX) + 1;
  const first = Math.max(0, shown.row - SPARE);
  const end = Math.min(rows, shown.row + seen + SPARE);

  // Heights are those of rows that were seen in this width and way.
  useLayoutEffect(() => {
    heights.current.clear();
  }, [isWrapped, seenPx, seenWidth]);

  useLayoutEffect(() => {
    const [outer, inner] = [scroller.current, block.current];
    if (!outer || !inner) return;
    if (isWrapped) measure(inner, first, heights.current);
    // Only now is it known how high the rows are.
    const settled = isFollowing ? lastPlace(measures) : clamped(place, measures);
    now.current = { measures, place: settled, isExact, isFollowing };
    if (isFollowing || isExact) {
      const wanted = isFollowing ? barPx(measures) - seenPx : barOf(settled, measures);
      if (Math.abs(outer.scrollTop - wanted) >= 1) outer.scrollTop = wanted;
      bar.current = outer.scrollTop;
    }
    let above = settled.px;
    for (let row = first; row < settled.row; row += 1) above += heightOf(row);
    inner.style.transform = `translateY(${outer.scrollTop - above}px)`;
  });

  /** Puts the bar where it belongs; what is seen stays. */
  const settle = useCallback(() => {
    const outer = scroller.current;
    if (!outer) return;
    const { measures, place } = now.current;
    const wanted = barOf(place, measures);
    if (Math.abs(outer.scrollTop - wanted) < 1) return;
    const before = outer.scrollTop;
    outer.scrollTop = wanted;
    bar.current = outer.scrollTop;
    const inner = block.current;
    const at = new DOMMatrix(inner?.style.transform).m42;
    if (inner) inner.style.transform = `translateY(${at + outer.scrollTop - before}px)`;
  }, []);

  useEffect(() => {
    const outer = scroller.current;
    if (!outer) return;
    const moved = (): void => {
      const to = outer.scrollTop;
      const by = to - bar.current;
      if (Math.abs(by) < 1) return;
      const { measures, place, isExact, isFollowing } = now.current;
      // A window that got larger has moved it, not the reader. It is put right with the new measures.
      if (isFollowing && heightOfSeen(outer) !== measures.seenPx) return;
      const next = afterBar(place, bar.current, to, measures, isExact);
      bar.current = to;
      const last = lastPlace(measures);
      const isAtEnd = next.row > last.row || (next.row === last.row && next.px > last.px - 2);
      // In the same frame: rows that come too late are a flash of nothing.
      flushSync(() => {
        setPlace(next);
        if (isFollowing ? by < 0 : isAtEnd && by > 0) setFollowing(isAtEnd);
      });
      clearTimeout(quiet.current);
      if (!isExact) quiet.current = setTimeout(settle, QUIET_MS);
    };
    outer.addEventListener("scroll", moved, { passive: true });
    const observer = new ResizeObserver(() => {
      setSeenPx(heightOfSeen(outer));
      setSeenWidth(outer.clientWidth);
    });
    observer.observe(outer);
    return () => {
      outer.removeEventListener("scroll", moved);
      observer.disconnect();
      clearTimeout(quiet.current);
    };
  }, [settle]);

  const goTo = useCallback(
    (next: Place) => {
      setFollowing(false);
      setPlace(next);
      // The bar follows once the rows are there.
      requestAnimationFrame(settle);
    },
    [settle],
  );

  const show = useCallback(
    (row: number, isAtTop = false) => {
      const { measures, place } = now.current;
      const rowsSeen = Math.floor(measures.seenPx / ROW_PX);
      const isSeen = row > place.row && row < place.row + rowsSeen - 1;
      if (isSeen && !isAtTop) {
        setFollowing(false);
        setPlace(place);
        return;
      }
      goTo(clamped({ row: Math.max(0, row - (isAtTop ? 0 : Math.floor(rowsSeen / 3))), px: 0 }, measures));
    },
    [goTo],
  );

  const page = useCallback(
    (by: number) => {
      const { measures, place } = now.current;
      goTo(placeOfRow(place.row + by * (Math.floor(measures.seenPx / ROW_PX) - 1), measures));
    },
    [goTo],
  );

  return {
    barPx: barPx(measures),
    first,
    end,
    top: shown.row,
    seen,
    isFollowing,
    follow: setFollowing,
    show,
    page,
  };
}

function heightOfSeen(scroller: HTMLElement): number {
  return scroller.clientHeight || UNSEEN_PX;
}

function placeOfRow(row: number, measures: Measures): Place {
  if (row <= 0) return placeOfBar(0, measures);
  return clamped({ row: Math.min(row, measures.rows - 1), px: 0 }, measures);
}

function measure(block: HTMLElement, first: number, heights: Map<number, number>): void {
  // Rows far from here are no longer of use.
  if (heights.size > 4000) heights.clear();
  let row = first;
  for (const element of block.children) {
    if (element instanceof HTMLElement) heights.set(row, element.offsetHeight);
    row += 1;
  }
}
