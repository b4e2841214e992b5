// The course of a deployment as it is told: all of it, from the beginning.
import { useContext, useEffect, useState } from "react";

import type { LiveState } from "../../live/types";
import { LiveContext } from "../../live/useLive";
import { after, BEGIN, type Course } from "./steps";

/** What is told in this time is shown at once. */
const GATHER_MS = 100;

export interface Told {
  course: Course;
  state: LiveState;
}

const NOTHING: Told = { course: BEGIN, state: "connecting" };

export function useCourse(project: string, number: number): Told {
  const live = useContext(LiveContext);
  const [told, setTold] = useState(NOTHING);
  useEffect(() => {
    if (live === null) return;
    let next = NOTHING;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const show = (changed: Told) => {
      next = changed;
      timer ??= setTimeout(() => {
        timer = undefined;
        setTold(next);
      }, GATHER_MS);
    };
    const leave = live.follow(
      { kind: "deployment", project, number },
      {
        message: (message) => {
          if (message.type === "event") show({ ...next, course: after(next.course, message.change) });
        },
        standing: (state) => show({ ...next, state }),
      },
    );
    return () => {
      leave();
      clearTimeout(timer);
    };
  }, [live, project, number]);
  return told;
}
