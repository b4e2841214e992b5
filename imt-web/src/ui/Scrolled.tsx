// A place that may be too small for what is in it: it scrolls, by the keys as well. Whoever gets about by the keys stops there
// only where there is something to scroll.
import { createElement, useCallback, useState, type ReactNode } from "react";

interface ScrolledProps {
  as?: "div" | "p" | "pre" | "ol" | "span";
  label?: string;
  className?: string;
  children: ReactNode;
}

export function Scrolled({ as = "div", label, className = "", children }: ScrolledProps) {
  const [isTooSmall, setTooSmall] = useState(false);
  const watch = useCallback((element: HTMLElement | null) => {
    if (element === null) return;
    const look = () =>
      setTooSmall(
        element.scrollHeight > element.clientHeight + 1 || element.scrollWidth > element.clientWidth + 1,
      );
    const observer = new ResizeObserver(look);
    observer.observe(element);
    for (const child of element.children) observer.observe(child);
    return () => observer.disconnect();
  }, []);
  return createElement(
    as,
    {
      ref: watch,
      className: `overflow-auto ${className}`,
      "aria-label": label,
      tabIndex: isTooSmall ? 0 : undefined,
    },
    children,
  );
}
