// The lines that are chosen, kept in the address of the page so that it can be given to others.
//
// Does not know what a chosen line looks like. The address also gets what the page must
// know to show this log and no other.
import { useCallback, useEffect, useState } from "react";

import { hashOf, rangeTo, readHash } from "./hash";
import type { Range } from "./rows";

export interface Choice {
  readonly chosen: Range | null;
  readonly choose: (line: number, isLonger: boolean) => void;
}

export function useChoice(address: Readonly<Record<string, string>>): Choice {
  const [chosen, setChosen] = useState(() => readHash(location.hash));
  useEffect(() => {
    const read = (): void => setChosen(readHash(location.hash));
    window.addEventListener("hashchange", read);
    return () => window.removeEventListener("hashchange", read);
  }, []);
  const choose = useCallback(
    (line: number, isLonger: boolean) => {
      setChosen((before) => {
        const range = rangeTo(isLonger ? before : null, line);
        keep(range, address);
        return range;
      });
    },
    [address],
  );
  return { chosen, choose };
}

function keep(range: Range, address: Readonly<Record<string, string>>): void {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(address)) {
    if (!url.searchParams.has(name)) url.searchParams.set(name, value);
  }
  url.hash = hashOf(range);
  // Going back leaves the log and not each line that was chosen.
  history.replaceState(history.state, "", url);
}
