// The services that a deployment puts up, as the step that watches their health sees them, or has seen them last.
import { Untrusted } from "../../text/Untrusted";
import { Panel } from "../../ui/Panel";
import { StatusIcon } from "../../ui/StatusIcon";
import { Span, Time } from "../../ui/Time";
import { standingStatus, standingText, type Standing } from "./standings";
import type { Course, Step } from "./steps";

export function Services({ course }: { course: Course }) {
  const watching = course.steps.filter((step) => step.standings.length > 0);
  if (watching.length === 0) return null;
  const isOfSeveral = watching.length > 1 || watching.some((step) => step.isBack);
  return (
    <Panel title="Services" isFlush>
      {watching.map((step) => {
        const whose = step.isBack ? "of the release that is put back" : "of the release that is deployed";
        return (
          <div key={step.name} className="border-line py-1.5 not-first:border-t">
            {isOfSeveral && <h3 className="px-4 pt-1 text-xs text-muted">{whose}</h3>}
            <ul aria-label={`Services ${whose}`}>
              {step.standings.map((standing) => (
                <OneService key={standing.service} standing={standing} step={step} />
              ))}
            </ul>
          </div>
        );
      })}
    </Panel>
  );
}

function OneService({ standing, step }: { standing: Standing; step: Step }) {
  const isWatched = step.endedAt === null;
  const status = standingStatus(standing, isWatched);
  return (
    <li className="grid grid-cols-[1.25rem_minmax(0,1fr)_auto] items-start gap-x-2.5 px-4 py-1 text-sm">
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
