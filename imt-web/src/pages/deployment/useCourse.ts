// The course of a deployment and its log, as they are told: all of it, from the beginning.
import { useContext, useEffect, useState } from "react";

import type { Message } from "../../live/messages";
import type { LiveState } from "../../live/types";
import { LiveContext } from "../../live/useLive";
import { after, BEGIN, type Course } from "./steps";

/** What is told in this time is shown at once. */
const GATHER_MS = 100;
/** A log longer than this loses its beginning here; all of it can be downloaded. */
const MOST_CHARACTERS = 2_000_000;

export interface Told {
  course: Course;
  log: string;
  isCut: boolean;
  state: LiveState;
}

const NOTHING: Told = { course: BEGIN, log: "", isCut: false, state: "connecting" };

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
    const decoder = new TextDecoder();
    const leave = live.follow(
      { kind: "deployment", project, number },
      {
        message: (message) => show(withMessage(next, message, decoder)),
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

function withMessage(told: Told, message: Message, decoder: TextDecoder): Told {
  if (message.type === "event") return { ...told, course: after(told.course, message.change) };
  if (message.type !== "log") return told;
  const log = told.log + textOf(message, decoder);
  if (log.length <= MOST_CHARACTERS) return { ...told, log };
  const cut = log.indexOf("\n", log.length - MOST_CHARACTERS / 2);
  return { ...told, log: log.slice(cut + 1), isCut: true };
}

function textOf(piece: object, decoder: TextDecoder): string {
  if ("text" in piece && typeof piece.text === "string") return piece.text;
  if (!("base64" in piece) || typeof piece.base64 !== "string") return "";
  const bytes = Uint8Array.from(atob(piece.base64), (character) => character.charCodeAt(0));
  return decoder.decode(bytes);
}
