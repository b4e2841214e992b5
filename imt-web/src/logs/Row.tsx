// One line of a log.
//
// Does not know of other lines, or where it is on the page. All that a line holds is text nodes. What is clicked is known by the
// `data-` attributes: the list listens for all of its rows.
import { memo, useMemo, type ReactNode } from "react";

import { spanText } from "../ui/duration";
import { cook, type Span, type Styles } from "./cook";
import { isTruncation } from "./groups";
import { partsOf, type Part } from "./hits";
import type { Line } from "./lines";
import { Gutter, type Command, type GutterProps } from "./Gutter";
import { paintOf } from "./paint";

/** What is shown of a line at first, and at most, in characters. */
const SHORT = 2_000;
const LONG = 200_000;
/** What may be higher than a line: heaps of combining marks, letters of other fonts. */
const NOT_ASCII = /[^\x20-\x7e]/;

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
  /** It is as high as its text needs, and has its gutter in it; else that is beside it. */
  readonly isWrapped: boolean;
  readonly hasTime: boolean;
  /** It is the echo of a command. */
  readonly command: Command | null;
  /** How long the command took, in milliseconds. */
  readonly took: number | null;
}

/** What is in a row's gutter. */
export function gutterOf({ n, line, hereAt, isChosen, hasTime, command }: RowProps): GutterProps {
  const [at, stream] = [line?.at ?? null, line?.runs[0]?.stream];
  return { n, at, stream, hasTime, command, isChosen, isHere: hereAt !== null };
}

export function gutterId(n: number): string {
  return `log-gutter-${n}`;
}

export const Row = memo(function Row(props: RowProps) {
  const { n, line, styles, query, hereAt, isChosen, isLong, isWrapped, command, took } = props;
  const cooked = useMemo(
    () => line && styles && cook(line.runs, styles, isLong ? LONG : SHORT),
    [line, styles, isLong],
  );
  const parts = useMemo(() => cooked && partsOf(cooked.spans, query, hereAt), [cooked, query, hereAt]);
  return (
    <div
      className="log-row"
      // To who is read to, its gutter is a part of it.
      aria-owns={isWrapped ? undefined : gutterId(n)}
      data-n={n}
      data-stream={line?.runs[0]?.stream}
      data-command={command ?? undefined}
      data-chosen={isChosen || undefined}
      data-notice={line && isTruncation(line) ? true : undefined}
      data-tall={cooked?.spans.some(({ text }) => NOT_ASCII.test(text)) ? true : undefined}
    >
      {isWrapped && <Gutter {...gutterOf(props)} />}
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
