// Whether somebody has touched the page since something was over: until then it stays as it was looked at.
import { useEffect, useState } from "react";

const TOUCHES = ["pointerdown", "wheel", "keydown"] as const;

export function useIsTouched(isOver: boolean): boolean {
  const [isTouched, setTouched] = useState(false);
  useEffect(() => {
    if (!isOver || isTouched) return;
    const touched = (): void => setTouched(true);
    for (const kind of TOUCHES) window.addEventListener(kind, touched, { passive: true });
    return () => {
      for (const kind of TOUCHES) window.removeEventListener(kind, touched);
    };
  }, [isOver, isTouched]);
  return isTouched;
}
