// The steps of a deployment one below the other, as far as it has come; the way back is set apart.
import { CodedLines } from "../../text/Coded";
import { Untrusted } from "../../text/Untrusted";
import { UndoIcon } from "../../ui/icons";
import { Panel } from "../../ui/Panel";
import { StatusIcon } from "../../ui/StatusIcon";
import { Span } from "../../ui/Time";
import { SickServices, Warnings } from "./Outcome";
import { Services } from "./Services";
import { pathText, stepName, type Course, type Step, type StepState } from "./steps";
import { Scrolled } from "../../ui/Scrolled";

const STATUS: Record<StepState, string> = {
  running: "running",
  stopping: "cancelling",
  lost: "unknown",
  done: "success",
  failed: "failed",
  not_begun: "skipped",
};

const NOTES: Partial<Record<StepState, string>> = {
  stopping: "is being stopped",
  lost: "contact was lost and is being sought",
  not_begun: "was called off before it began",
};

interface StepsProps {
  course: Course;
  isOver: boolean;
  /** What the page says elsewhere of why it failed. */
  told: string | null;
  /** Whether what was wrong with services and what a step warns of is told with the step. */
  hasOutcome?: boolean;
}

export function Steps({ course, isOver, told, hasOutcome = false }: StepsProps) {
  const back = course.steps.findIndex((step) => step.isBack);
  return (
    <Panel title="Steps" isFlush>
      {course.steps.length === 0 && (
        <p className="p-4 text-sm text-muted">{isOver ? "It never began." : "It has not begun yet."}</p>
      )}
      <ol className="py-1.5" aria-live="polite" aria-relevant="additions">
        {course.steps.map((step, place) => (
          <li key={`${step.name} ${step.number} ${step.beganAt}`}>
            {place === back && course.path !== null && (
              <p className="mt-1.5 flex items-center gap-2 border-t border-line px-4 pt-2.5 pb-1 text-sm font-medium text-errored-text">
                <UndoIcon /> {pathText(course.path)}
              </p>
            )}
            <OneStep step={step} told={told} />
            <Services step={step} />
            {hasOutcome && (
              <div className="space-y-2 pr-4 pl-11.5 not-empty:py-1.5">
                <SickServices services={step.services} />
                <Warnings warnings={step.warnings} />
              </div>
            )}
          </li>
        ))}
      </ol>
    </Panel>
  );
}

function OneStep({ step, told }: { step: Step; told: string | null }) {
  const note = NOTES[step.state];
  // What the page says already, and what each service that is not well says of itself, is not said again.
  const detail = step.detail === told || step.services.length > 0 ? null : step.detail;
  return (
    <div className="grid grid-cols-[1.25rem_minmax(0,1fr)_auto] items-start gap-x-2.5 px-4 py-1 text-sm">
      <StatusIcon status={STATUS[step.state]} className="mt-0.5 size-4" isNamed />
      <div className="min-w-0">
        <span>
          <Untrusted text={stepName(step.name)} />
        </span>{" "}
        <Untrusted text={step.name} className="font-mono text-xs text-muted" />
        {step.number > 1 && <span className="text-xs text-muted"> try {step.number}</span>}
        {note !== undefined && <p className="text-muted">{note}</p>}
        {detail !== null && detail !== "" && (
          <Scrolled className="max-h-40 text-failed-text">
            <CodedLines text={detail} />
          </Scrolled>
        )}
      </div>
      <span className="text-xs text-muted">
        <Span from={step.beganAt} to={step.endedAt} />
      </span>
    </div>
  );
}
