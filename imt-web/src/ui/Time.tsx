// A moment and a span, as people read them; the exact moment is in the title, once somebody points at it.
import { useState } from "react";

import { useSecond, useSlowNow } from "./clock";
import { ClockIcon, TimerIcon } from "./icons";
import { exactText, relativeText, runningText, spanText } from "./duration";

export function Time({ at, className }: { at: string; className?: string }) {
  // Until somebody points at it nobody needs the title, and a browser that has just been started needs long to make the first one.
  const [isPointed, setPointed] = useState(false);
  const slow = useSlowNow();
  const moment = Date.parse(at);
  // What is told in seconds goes by the clock that spans go by: nothing seems to take longer than it is ago.
  const isYoung = Math.abs(slow - moment) < 75_000;
  const second = useSecond(isYoung);
  const now = isYoung ? second : slow;
  // What came since the clock ticked last is no thing of the future.
  const isNew = moment > now && moment < now + 15_000;
  return (
    <time
      dateTime={at}
      title={isPointed ? exactText(moment) : undefined}
      onPointerEnter={() => setPointed(true)}
      className={`whitespace-nowrap tabular-nums ${className ?? ""}`}
    >
      {relativeText(moment, isNew ? moment : now)}
    </time>
  );
}

/** From one moment to another, or until now. */
export function Span({
  from,
  to,
  className,
}: {
  from: string;
  to?: string | null | undefined;
  className?: string;
}) {
  const now = useSecond(to === undefined || to === null);
  const begin = Date.parse(from);
  const text = to ? spanText(Date.parse(to) - begin) : runningText(now - begin);
  return <span className={`whitespace-nowrap tabular-nums ${className ?? ""}`}>{text}</span>;
}

/**
 * When something was submitted and how long it took so far. On a phone in a line of its own: a text that grows as time goes on
 * never takes what follows it to the next line.
 */
export function ClockFacts({
  submitted,
  started,
  ended,
}: {
  submitted: string;
  started: string | null | undefined;
  ended: string | null | undefined;
}) {
  return (
    <span className="inline-flex flex-wrap items-center gap-x-4 text-muted max-sm:basis-full">
      <span className="inline-flex items-center gap-1.5">
        <ClockIcon className="size-3.5" />
        <Time at={submitted} />
      </span>
      {started && (
        <span className="inline-flex items-center gap-1.5">
          <TimerIcon className="size-3.5" />
          <Span from={started} to={ended} />
        </span>
      )}
    </span>
  );
}
