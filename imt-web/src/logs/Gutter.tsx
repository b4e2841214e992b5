// What is at the left of a line and stays there however far the text is scrolled: its number, its time, which stream it came on, and
// what folds a command.
//
// Does not know the text. Beside text that is not wrapped the gutters of a band are a column of their own, which is held in its place
// as a whole: a browser that has to hold each line by itself cannot keep up.
import { memo } from "react";

import { ChevronDownIcon, ChevronRightIcon } from "../ui/icons";
import type { Stream } from "./cook";

/** How a command stands. */
export type Command = "open" | "folded" | "failed";

export interface GutterProps {
  /** Counted from 0. */
  readonly n: number;
  /** When the line came, in milliseconds since 1970; null where that is not known yet. */
  readonly at: number | null;
  readonly stream: Stream | undefined;
  readonly hasTime: boolean;
  readonly command: Command | null;
  readonly isChosen: boolean;
  /** The hit that is looked at is in the line. */
  readonly isHere: boolean;
  /** Where it is not in its row: what that knows it by. */
  readonly id?: string;
}

export const Gutter = memo(function Gutter(props: GutterProps) {
  const { n, at, stream, hasTime, command, isChosen, isHere, id } = props;
  return (
    <div
      id={id}
      className="log-gutter"
      data-stream={stream}
      data-chosen={isChosen || undefined}
      data-here={isHere || undefined}
    >
      <a className="log-number" data-line={n} href={`#L${n + 1}`} tabIndex={-1} aria-label={`Line ${n + 1}`}>
        {n + 1}
      </a>
      {hasTime && (
        <time
          className="log-time"
          dateTime={at === null ? undefined : new Date(at).toISOString()}
          title={at === null ? undefined : exact(at)}
        >
          {at === null ? "        " : clock(at)}
        </time>
      )}
      {command && (
        <button
          type="button"
          className="log-fold"
          data-fold={n}
          aria-expanded={command !== "folded"}
          aria-label={command === "folded" ? "Unfold this command" : "Fold this command"}
        >
          {command === "folded" ? <ChevronRightIcon /> : <ChevronDownIcon />}
        </button>
      )}
    </div>
  );
});

const two = (value: number): string => String(value).padStart(2, "0");

function clock(at: number): string {
  const date = new Date(at);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function exact(at: number): string {
  return `${new Date(at).toLocaleDateString("en-GB", { dateStyle: "medium" })} ${clock(at)}.${String(at % 1000).padStart(3, "0")}`;
}
