// The releases that are kept: which of them runs, what it is made of, and the way back to another one.
import { useState } from "react";

import type { Project, Release } from "../../api/queries";
import { Untrusted } from "../../text/Untrusted";
import { Button } from "../../ui/Button";
import { Commit } from "../../ui/Commit";
import { Dialog } from "../../ui/Dialog";
import { RocketIcon, UndoIcon } from "../../ui/icons";
import { Panel } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import { LiveSince } from "./EnvironmentChip";
import { isBack } from "./going-back";
import { NOW_AND_THEN, ReleaseDiff } from "./ReleaseDiff";
import { RollbackDialog } from "./RollbackDialog";

export function Releases({ project, releases }: { project: Project; releases: readonly Release[] }) {
  const environments = [...new Set(releases.map((release) => release.environment))];
  return environments.map((environment) => (
    <OfEnvironment
      key={environment}
      project={project}
      environment={environment}
      releases={releases.filter((release) => release.environment === environment)}
    />
  ));
}

interface OfProps {
  project: Project;
  environment: string;
  releases: readonly Release[];
}

function OfEnvironment({ project, environment, releases }: OfProps) {
  const [backTo, setBackTo] = useState<Release | null>(null);
  const [compared, setCompared] = useState<Release | null>(null);
  const current = releases.find((release) => release.is_current) ?? null;
  return (
    <Panel
      title={
        <>
          Releases of <Untrusted text={environment} />
        </>
      }
      isFlush
    >
      <ul className="divide-y divide-line">
        {releases.map((release) => (
          <li
            key={release.id}
            className="flex min-h-12 flex-wrap items-center gap-x-4 gap-y-1 px-4 py-1.5 text-sm"
          >
            <Commit commit={release.commit} />
            {release.is_current ? (
              <span className="rounded-full bg-success-soft px-2 py-0.5 font-medium text-success-text">
                <LiveSince release={release} />
              </span>
            ) : (
              <>
                <span className="text-muted">
                  made <Time at={release.created_at} />
                </span>
                <span className="text-muted">{release.verdict}</span>
              </>
            )}
            {!release.is_current && (
              // Below the rest where there is little room, however long that is.
              <span className="flex basis-full justify-end gap-x-2 sm:ml-auto sm:basis-auto">
                {current !== null && (
                  <Button look="quiet" onClick={() => setCompared(release)}>
                    Compare
                  </Button>
                )}
                {release.verdict === "good" && project.role === "owner" && (
                  <Button onClick={() => setBackTo(release)}>
                    {isBack(release, current) ? <UndoIcon /> : <RocketIcon />}
                    {isBack(release, current) ? "Roll back" : "Put there again"}
                  </Button>
                )}
              </span>
            )}
          </li>
        ))}
      </ul>
      {backTo !== null && (
        <RollbackDialog
          project={project.name}
          environment={environment}
          release={backTo}
          current={current}
          onClose={() => setBackTo(null)}
        />
      )}
      {compared !== null && current !== null && (
        <Dialog title="What differs from the one that runs" isOpen isWide onClose={() => setCompared(null)}>
          <ReleaseDiff project={project.name} from={current} to={compared} sides={NOW_AND_THEN} />
        </Dialog>
      )}
    </Panel>
  );
}
