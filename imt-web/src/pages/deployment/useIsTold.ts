// Whether what there is to tell of a deployment was told, so that it can be shown at once and nothing moves as it comes in.
import { useContext, useEffect, useState } from "react";

import { LiveContext } from "../../live/useLive";
import type { Told } from "./useCourse";

/** Nobody waits longer than this for it. */
const PATIENCE_MS = 1_500;

export function useIsTold({ state, course }: Told, status: string, isOver: boolean): boolean {
  const live = useContext(LiveContext);
  const [isPatient, setPatient] = useState(live !== null);
  useEffect(() => {
    const timer = setTimeout(() => setPatient(false), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  const isTold = isOver
    ? state !== "connecting" && state !== "live"
    : state !== "connecting" && (status === "pending" || course.steps.length > 0 || state !== "live");
  // What was shown once stays: a connection that is lost takes nothing away.
  const [wasTold, setWasTold] = useState(false);
  if (isTold && !wasTold) setWasTold(true);
  return isTold || wasTold || !isPatient;
}
