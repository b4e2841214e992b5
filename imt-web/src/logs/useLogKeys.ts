// The keys of a log, wherever on the page one is, but where one writes.
import { useEffect, useRef } from "react";

export type LogKeys = Readonly<Record<"n" | "N" | "g" | "G" | "f" | "Escape", () => void>>;

export function useLogKeys(keys: LogKeys): void {
  const latest = useRef(keys);
  useEffect(() => {
    latest.current = keys;
  });
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      const target = event.target instanceof Element ? event.target : null;
      if (target?.closest("input, textarea, select, [contenteditable], [role=menu], [role=dialog]")) return;
      if (event.key in latest.current) latest.current[event.key as keyof LogKeys]();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, []);
}
