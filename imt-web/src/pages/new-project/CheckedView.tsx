// What a look into a repository has found: the commit, and what its pipeline file says or is wrong about.
import type { ReactNode } from "react";

import type { Schemas } from "../../api/client";
import { Coded } from "../../text/Coded";
import { Untrusted } from "../../text/Untrusted";
import { Branch, Commit } from "../../ui/Commit";
import { CheckIcon, ChevronRightIcon, WarningIcon } from "../../ui/icons";
import { Scrolled } from "../../ui/Scrolled";

type Checked = Schemas["Checked"];
type FileProblem = Schemas["FileProblem"];

export function CheckedView({ checked, branch }: { checked: Checked; branch: string }) {
  const file = checked.pipeline_file;
  const errors = file.diagnostics.filter(isError).length;
  const warnings = file.diagnostics.length - errors;
  return (
    <section
      aria-label="What was found"
      className="divide-y divide-line overflow-hidden rounded-lg border border-line"
    >
      <Fact isGood>
        <span className="flex min-w-0 flex-wrap items-center gap-x-3 gap-y-1">
          <span className="font-medium">The repository answers.</span>
          <Branch branch={branch} />
          <Commit commit={checked.commit} />
          {checked.default_branch && checked.default_branch !== branch && (
            <span className="inline-flex min-w-0 items-center gap-1.5 text-muted">
              its default branch: <Branch branch={checked.default_branch} />
            </span>
          )}
        </span>
      </Fact>
      {!file.found ? (
        <Fact isGood={false}>
          <p className="font-medium">
            There is no <Untrusted text={file.path} className="font-mono" /> in it.
          </p>
          <p className="text-muted">
            Say above what it is called, or push one and check again:{" "}
            <code className="font-mono">imt init</code> writes a first one. Nothing is run before.
          </p>
        </Fact>
      ) : (
        <Fact isGood={errors === 0}>
          <p>
            <Untrusted text={file.path} className="font-mono font-medium" />{" "}
            {errors > 0 ? `cannot be run: ${count(errors, "error")}` : "can be run"}
            {warnings > 0 && `${errors > 0 ? " and " : ", with "}${count(warnings, "warning")}`}.
            {errors > 0 && " Mend it, push, and check again."}
          </p>
          <Stages stages={file.stages} />
        </Fact>
      )}
      {file.diagnostics.length > 0 && (
        <Scrolled as="ol" label="What is wrong with the file" className="max-h-96 divide-y divide-line">
          {file.diagnostics.map((problem, place) => (
            <Problem key={place} path={file.path} problem={problem} />
          ))}
        </Scrolled>
      )}
    </section>
  );
}

/** Whether nothing keeps the repository from being run. */
export function canBeRun(checked: Checked): boolean {
  return checked.pipeline_file.found && !checked.pipeline_file.diagnostics.some(isError);
}

function isError(problem: FileProblem): boolean {
  return problem.severity === "error";
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}

function Fact({ isGood, children }: { isGood: boolean; children: ReactNode }) {
  return (
    <div className="flex items-start gap-2.5 p-3">
      <span className={`mt-0.5 ${isGood ? "text-success" : "text-failed"}`}>
        {isGood ? <CheckIcon /> : <WarningIcon />}
      </span>
      <div className="min-w-0 flex-1 space-y-2 text-sm">{children}</div>
    </div>
  );
}

function Stages({ stages }: { stages: Schemas["CheckedStage"][] }) {
  if (stages.length === 0) return null;
  return (
    <Scrolled as="ol" label="Stages" className="flex max-h-72 flex-wrap items-start gap-2">
      {stages.map((stage, place) => (
        <li key={stage.name} className="flex max-w-full min-w-0 items-start gap-2">
          {place > 0 && <ChevronRightIcon className="mt-2 size-4 text-muted" />}
          <div className="min-w-0 rounded-md bg-sunken px-3 py-1.5">
            <p className="text-xs font-semibold tracking-wide text-muted">
              <Untrusted text={stage.name} className="break-all" />
            </p>
            <ul>
              {stage.jobs.map((job) => (
                <li key={job}>
                  <Untrusted text={job} className="break-all" />
                </li>
              ))}
            </ul>
          </div>
        </li>
      ))}
    </Scrolled>
  );
}

/** As the command line shows it: what, where, the line, and the help. */
function Problem({ path, problem }: { path: string; problem: FileProblem }) {
  const look = isError(problem) ? "text-failed-text" : "text-pending-text";
  const number = String(problem.line);
  return (
    <li className="space-y-1 p-3 text-sm">
      <p>
        <span className={`font-mono font-semibold ${look}`}>
          {problem.severity}[{problem.code}]
        </span>{" "}
        <Coded text={problem.message} className="font-medium [overflow-wrap:anywhere]" />
      </p>
      <p className="font-mono text-xs text-muted">
        <Untrusted text={`${path}:${number}:${problem.column}`} />
      </p>
      <Scrolled as="pre" className="flex rounded bg-sunken px-2 py-1 font-mono text-xs">
        <span className="pr-3 text-muted select-none">{number} │</span>
        <Untrusted text={problem.source} />
      </Scrolled>
      {problem.help && (
        <p className="text-muted">
          help: <Coded text={problem.help} className="[overflow-wrap:anywhere]" />
        </p>
      )}
    </li>
  );
}
