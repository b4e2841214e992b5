// Doing something that changes things: busy while it is done, told when it is, and what was asked for before is asked
// again. It does not know what is done.
import { useQueryClient, type QueryKey } from "@tanstack/react-query";
import { useCallback, useState } from "react";

import { ApiError } from "../api/client";
import { notify } from "./toasts";

export interface Doing {
  isBusy: boolean;
  /** Why the last one was not done; null where it was. */
  error: unknown;
  /** Does it, and says whether it was done. */
  run: (deed: () => Promise<unknown>, done?: string) => Promise<boolean>;
}

/** `changes`: the keys of what is to be asked for again afterwards. */
export function useDeed(...changes: readonly QueryKey[]): Doing {
  const queries = useQueryClient();
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const keys = JSON.stringify(changes);
  const run = useCallback(
    async (deed: () => Promise<unknown>, done?: string) => {
      const askAgain = () =>
        Promise.all(
          (JSON.parse(keys) as QueryKey[]).map((queryKey) => queries.invalidateQueries({ queryKey })),
        );
      setBusy(true);
      setError(null);
      try {
        await deed();
        if (done !== undefined) notify("done", done);
        await askAgain();
        return true;
      } catch (problem) {
        setError(problem);
        // Somebody else was quicker: what he has changed is looked at.
        if (problem instanceof ApiError && problem.status === 412) await askAgain();
        return false;
      } finally {
        setBusy(false);
      }
    },
    [queries, keys],
  );
  return { isBusy, error, run };
}
