// The lines that are chosen, kept in the address of the page so that it can be given to others.
//
// Does not know what a chosen line looks like. The address gets the job as well, because the page without it may show another one.
import { useCallback, useEffect, useState } from "react";

import { hashOf, rangeTo, readHash } from "./hash";
import type { Range } from "./rows";

export interface Choice {
  readonly chosen: Range | null;
  readonly choose: (line: number, isLonger: boolean) => void;
}

export function useChoice(job: number, attempt: number | undefined): Choice {
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
        keep(range, job, attempt);
        return range;
      });
    },
    [job, attempt],
  );
  return { chosen, choose };
}

function keep(range: Range, job: number, attempt: number | undefined): void {
  const url = new URL(location.href);
  if (!url.searchParams.has("job")) url.searchParams.set("job", String(job));
  if (!url.searchParams.has("attempt") && attempt !== undefined)
    url.searchParams.set("attempt", String(attempt));
  url.hash = hashOf(range);
  // Going back leaves the log and not each line that was chosen.
  history.replaceState(history.state, "", url);
}
