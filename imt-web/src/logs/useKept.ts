// A choice that is kept for all logs, as far as the browser keeps anything.
import { useState } from "react";

export function useKept(name: string, otherwise: boolean): [boolean, () => void] {
  const key = `imt.log.${name}`;
  const [value, setValue] = useState(() => read(key) ?? otherwise);
  const toggle = (): void => {
    setValue(!value);
    try {
      localStorage.setItem(key, String(!value));
    } catch {
      // Then it lasts as long as the page.
    }
  };
  return [value, toggle];
}

function read(key: string): boolean | null {
  try {
    const kept = localStorage.getItem(key);
    return kept === null ? null : kept === "true";
  } catch {
    return null;
  }
}
