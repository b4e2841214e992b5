// One line of a log.
//
// Does not know of other lines, or where it is on the page. All that a line holds is text nodes. What is clicked is known by the
// `data-` attributes: the list listens for all of its rows.
import { memo, useMemo, type ReactNode } from "react";

import { spanText } from "../ui/duration";
import { ChevronDownIcon, ChevronRightIcon } from "../ui/icons";
import { cook, type Span, type Styles } from "./cook";
import { isTruncation } from "./groups";
import { partsOf, type Part } from "./hits";
import type { Line } from "./lines";
import { paintOf } from "./paint";

/** What is shown of a line at first, and at most, in characters. */
const SHORT = 2_000;
const LONG = 200_000;

export interface RowProps {
  /** Counted from 0. */
  readonly n: number;
  readonly line: Line | undefined;
  readonly styles: Styles | undefined;
  readonly query: string;
  /** Where the hit that is looked at is in it, in characters; null where that is elsewhere. */
  readonly hereAt: number | null;
  readonly isChosen: boolean;
  readonly isLong: boolean;
  readonly hasTime: boolean;
  /** It is the echo of a command. */
  readonly command: "open" | "folded" | "failed" | null;
  /** How long the command took, in milliseconds. */
  readonly took: number | null;
}

export const Row = memo(function Row(props: RowProps) {
  const { n, line, styles, query, hereAt, isChosen, isLong, hasTime, command, took } = props;
  const cooked = useMemo(
    () => line && styles && cook(line.runs, styles, isLong ? LONG : SHORT),
    [line, styles, isLong],
  );
  const parts = useMemo(() => cooked && partsOf(cooked.spans, query, hereAt), [cooked, query, hereAt]);
  const stream = line?.runs[0]?.stream;
  return (
    <div
      className="log-row"
      data-n={n}
      data-stream={stream}
      data-command={command ?? undefined}
      data-chosen={isChosen || undefined}
      data-here={hereAt !== null || undefined}
      data-notice={line && isTruncation(line) ? true : undefined}
    >
      <span className="log-gutter">
        <a className="log-number" href={`#L${n + 1}`} tabIndex={-1} aria-label={`Line ${n + 1}`}>
          {n + 1}
        </a>
        {hasTime && (
          <time
            className="log-time"
            dateTime={line && new Date(line.at).toISOString()}
            title={line && exact(line.at)}
          >
            {line ? clock(line.at) : "        "}
          </time>
        )}
        <span className="log-side">
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
        </span>
      </span>
      <span className="log-text">
        {cooked ? (
          cooked.spans.map((span, place) => <Painted key={place} span={span} parts={parts?.[place]} />)
        ) : (
          <Missing />
        )}
        {cooked && (cooked.isCut || line?.isCut) && <Cut isLong={isLong} n={n} />}
      </span>
      {took !== null && <span className="log-took">{spanText(took)}</span>}
    </div>
  );
});

function Painted({ span, parts }: { span: Span; parts: readonly Part[] | undefined }): ReactNode {
  const paint = paintOf(span.style);
  const text = parts?.some((part) => part.isHit) ? parts.map(hitOrText) : span.text;
  if (span.isMark) return <span className="log-mark">{text}</span>;
  if (paint.className === undefined) return text;
  return (
    <span className={paint.className} style={paint.style}>
      {text}
    </span>
  );
}

function hitOrText({ text, isHit, isHere }: Part, place: number): ReactNode {
  if (!isHit) return text;
  return (
    <mark key={place} className="log-hit" data-here={isHere || undefined}>
      {text}
    </mark>
  );
}

function Missing() {
  return (
    <span className="log-missing" aria-hidden="true">
      …
    </span>
  );
}

function Cut({ n, isLong }: { n: number; isLong: boolean }) {
  if (isLong) return <span className="log-cut">… the rest is in the raw log</span>;
  return (
    <button type="button" className="log-cut" data-lengthen={n}>
      … show all of this line
    </button>
  );
}

const two = (value: number): string => String(value).padStart(2, "0");

function clock(at: number): string {
  const date = new Date(at);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function exact(at: number): string {
  return `${new Date(at).toLocaleDateString("en-GB", { dateStyle: "medium" })} ${clock(at)}.${String(at % 1000).padStart(3, "0")}`;
}
