// The services that a step watches, as it sees them, or has seen them last.
import { Untrusted } from "../../text/Untrusted";
import { StatusIcon } from "../../ui/StatusIcon";
import { Span, Time } from "../../ui/Time";
import { standingStatus, standingText, type Standing } from "./standings";
import type { Step } from "./steps";

export function Services({ step }: { step: Step }) {
  if (step.standings.length === 0) return null;
  const whose = step.isBack ? "of the release that is put back" : "of the release that is deployed";
  return (
    <ul aria-label={`Services ${whose}`} className="pb-1">
      {step.standings.map((standing) => (
        <OneService key={standing.service} standing={standing} step={step} />
      ))}
    </ul>
  );
}

function OneService({ standing, step }: { standing: Standing; step: Step }) {
  const isWatched = step.endedAt === null;
  const status = standingStatus(standing, isWatched);
  return (
    <li className="grid grid-cols-[1.25rem_minmax(0,1fr)_auto] items-start gap-x-2.5 py-0.5 pr-4 pl-11.5 text-sm">
      <StatusIcon status={status} className="mt-0.5 size-4" />
      <span className="min-w-0">
        <Untrusted text={standing.service} className="font-medium" />{" "}
        <span className={standing.outlook === "failed" ? "text-failed-text" : "text-muted"}>
          <Untrusted text={standingText(standing)} />
        </span>
      </span>
      <span className="text-xs text-muted">
        {isWatched ? <Span from={standing.since} /> : <Time at={standing.since} />}
      </span>
    </li>
  );
}
