// Keys that work on every page. They find what they are about by attributes of the page: `data-search` is the field to
// search in, `data-row` an entry of a list. Pages know nothing of keys.
import { useEffect } from "react";

/** Whether keys are somebody else's: a field, a menu, a dialog, or a key of the browser. */
function isTaken(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return true;
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  return (
    target.isContentEditable || target.closest("input, textarea, select, [role=menu], [role=dialog]") !== null
  );
}

function isShown(element: HTMLElement): boolean {
  return element.offsetParent !== null;
}

/** Moves to the entry after or before the one that has the focus. */
export function moveRow(step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-row]")].filter(isShown);
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = at < 0 ? rows[step > 0 ? 0 : rows.length - 1] : rows[at + step];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

export function useKeys(openHelp: () => void): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (isTaken(event)) return;
      if (event.key === "?") openHelp();
      else if (event.key === "j") moveRow(1);
      else if (event.key === "k") moveRow(-1);
      else if (event.key === "/") {
        const field = [...document.querySelectorAll<HTMLElement>("[data-search]")].find(isShown);
        if (field === undefined) return;
        event.preventDefault();
        field.focus();
      }
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, [openHelp]);
}
