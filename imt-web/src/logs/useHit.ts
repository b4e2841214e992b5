// What becomes of the page when there is something new to be shown: a line that is chosen, a hit that is looked at.
//
// Does not know how a list is scrolled down.
import { useEffect, useRef, type RefObject } from "react";

import type { Found } from "./source";

/** About what is beside the text of a line. */
const GUTTER_PX = 80;

/** Calls it with a value when that has become another one. */
export function useWhenNew(value: number | undefined, call: (value: number) => void): void {
  const before = useRef<number | undefined>(undefined);
  useEffect(() => {
    if (value !== undefined && value !== before.current) call(value);
    before.current = value;
  }, [value, call]);
}

/** Shows the hit also where its line is wider than what is seen. */
export function useSideways(
  scroller: RefObject<HTMLElement | null>,
  block: RefObject<HTMLElement | null>,
  hit: Found | undefined,
): void {
  const before = useRef<Found | undefined>(undefined);
  useEffect(() => {
    const mark = block.current?.querySelector("mark[data-here]");
    if (hit === before.current || !scroller.current || (hit && !mark)) return;
    before.current = hit;
    if (!mark) return;
    const [outer, inner] = [scroller.current.getBoundingClientRect(), mark.getBoundingClientRect()];
    const isSeen = inner.left > outer.left + GUTTER_PX && inner.right < outer.right - GUTTER_PX;
    if (!isSeen) scroller.current.scrollBy({ left: inner.left - outer.left - outer.width / 3 });
  });
}
