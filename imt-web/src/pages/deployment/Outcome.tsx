// How a deployment ended and why, and what is known of each service that was not as it should be.
import type { Deployment } from "../../api/queries";
import { CodedLines } from "../../text/Coded";
import { Untrusted } from "../../text/Untrusted";
import { WarningIcon } from "../../ui/icons";
import { NowLine } from "../../ui/NowLine";
import { Scrolled } from "../../ui/Scrolled";
import { toneOf } from "../../ui/status";
import { StatusIcon, TONE_SOFT } from "../../ui/StatusIcon";
import { nowOf } from "./now";
import { causeText, type Course, type SickService } from "./steps";

interface OutcomeProps {
  deployment: Deployment;
  course: Course;
}

/** All of it, for whoever comes when it is over: in the same words and colours as for whoever has watched it. */
export function Outcome({ deployment, course }: OutcomeProps) {
  const services = course.steps.flatMap((step) => step.services);
  const why = moreOf(deployment, services.length > 0);
  const warnings = [...(deployment.warnings ?? []), ...course.steps.flatMap((step) => step.warnings)];
  return (
    <>
      {deployment.status !== "success" && <NowLine {...nowOf(deployment, course)} />}
      {why !== null && <Why text={why} status={deployment.status} />}
      <SickServices services={services} />
      <Warnings warnings={warnings} />
    </>
  );
}

/** What of it no step tells, for whoever has seen the steps. */
export function OtherOutcome({ deployment, course }: OutcomeProps) {
  const why = deployment.detail ?? null;
  const isSaid = course.steps.some((step) => step.detail === why || step.services.length > 0);
  const told = new Set(course.steps.flatMap((step) => step.warnings));
  return (
    <>
      {why !== null && !isSaid && <Why text={why} status={deployment.status} />}
      <Warnings warnings={(deployment.warnings ?? []).filter((warning) => !told.has(warning))} />
    </>
  );
}

function Why({ text, status }: { text: string; status: string }) {
  return (
    <div className={`rounded-md px-3 py-2 text-sm ${TONE_SOFT[toneOf(status)]}`}>
      <Scrolled className="max-h-60">
        <CodedLines text={text} />
      </Scrolled>
    </div>
  );
}

export function Warnings({ warnings }: { warnings: readonly string[] }) {
  if (warnings.length === 0) return null;
  return (
    <ul
      className="space-y-1 rounded-md bg-errored-soft px-3 py-2 text-sm text-errored-text"
      aria-label="Warnings"
    >
      {[...new Set(warnings)].map((warning) => (
        <li key={warning} className="flex gap-2">
          <WarningIcon className="mt-0.5 size-4" />
          <CodedLines text={warning} className="min-w-0" />
        </li>
      ))}
    </ul>
  );
}

/** What the one sentence of it has left out, unless that is that services were not well, which each of them says better. */
function moreOf({ detail, reason, status }: Deployment, hasServices: boolean): string | null {
  if (reason === "unhealthy" && hasServices) return null;
  const isSaid = !reason && !hasServices && status !== "success";
  return isSaid ? null : (detail ?? null);
}

export function SickServices({ services }: { services: readonly SickService[] }) {
  if (services.length === 0) return null;
  return (
    <section
      aria-label="Services that are not well"
      className="grid grid-cols-[repeat(auto-fill,minmax(min(100%,22rem),1fr))] gap-3"
    >
      {services.map((service, place) => (
        // A service may be there several times, once for each of its containers.
        <article
          key={`${service.service} ${place}`}
          className="min-w-0 rounded-lg border border-failed/50 bg-surface p-3 text-sm"
        >
          <h3 className="flex items-center gap-2 font-semibold">
            <StatusIcon status="failed" />
            <Untrusted text={service.service} />
          </h3>
          <p className="mt-1">
            It <Untrusted text={causeText(service.cause)} />.
          </p>
          <dl className="mt-2 flex flex-wrap gap-x-4 gap-y-1 text-muted">
            <Fact name="state" value={service.state} />
            <Fact name="restarts" value={String(service.restarts)} />
            {service.exitCode !== null && <Fact name="exit code" value={String(service.exitCode)} />}
            {service.isOutOfMemory && <Fact name="ended by" value="the kernel, for its memory" />}
          </dl>
          {service.error !== null && (
            <Scrolled className="mt-2 max-h-40 rounded bg-sunken p-2 font-mono text-xs">
              <CodedLines text={service.error} />
            </Scrolled>
          )}
        </article>
      ))}
    </section>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div className="flex gap-1.5">
      <dt>{name}</dt>
      <dd className="text-text">
        <Untrusted text={value} />
      </dd>
    </div>
  );
}
