// The connection for components.
//
// Does not know what is shown of what is heard.

import { createContext, useContext, useEffect, useState } from "react";

import type { Live } from "./live";
import { keyOf, type Position, type Subject } from "./messages";
import { FollowedPipeline } from "./following";
import type { LiveState } from "./types";

/** The page's one connection; null where there is none, as in tests. */
export const LiveContext = createContext<Live | null>(null);

/**
 * Follows a pipeline or a deployment while the component is there; `null`: nothing. `from` is the position of what is shown
 * already: it counts when the following begins, and not later.
 */
export function useFollowed(subject: Subject | null, from?: Position): FollowedPipeline | null {
  const live = useContext(LiveContext);
  const key = subject && keyOf(subject);
  const [followed, setFollowed] = useState<{ key: string; it: FollowedPipeline } | null>(null);
  useEffect(() => {
    if (!live || !subject || key === null) return;
    const it = new FollowedPipeline();
    const leave = it.begin(live, subject, from);
    setFollowed({ key, it });
    return leave;
    // `key` is what the subject is; `from` counts once.
  }, [live, key]);
  return followed?.key === key ? followed.it : null;
}

/** How what is followed stands, for a quiet sign. */
export function useLiveState(
  followed: { state: LiveState; onState: FollowedPipeline["onState"] } | null,
): LiveState {
  const [, count] = useState(0);
  useEffect(() => followed?.onState(() => count((n) => n + 1)), [followed]);
  return followed?.state ?? "connecting";
}
