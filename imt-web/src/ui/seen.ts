// Whether something is on the screen, or nearly: what is not need not be asked for.
import { useEffect, useRef, useState, type RefObject } from "react";

export function useSeen<E extends Element>(): [RefObject<E | null>, boolean] {
  const element = useRef<E>(null);
  const [isSeen, setSeen] = useState(false);
  useEffect(() => {
    const it = element.current;
    if (it === null) return;
    const observer = new IntersectionObserver(
      (entries) => setSeen(entries.some((entry) => entry.isIntersecting)),
      { rootMargin: "200px" },
    );
    observer.observe(it);
    return () => observer.disconnect();
  }, []);
  return [element, isSeen];
}
