// A moment and a span, as people read them; the exact moment is in the title.
import { useSecond, useSlowNow } from "./clock";
import { exactText, relativeText, runningText, spanText } from "./duration";

export function Time({ at, className }: { at: string; className?: string }) {
  const now = useSlowNow();
  const moment = Date.parse(at);
  // The clock is slow: what came since it ticked last is no thing of the future.
  const isNew = moment > now && moment < now + 15_000;
  return (
    <time dateTime={at} title={exactText(moment)} className={`whitespace-nowrap ${className ?? ""}`}>
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
