// What can be done with a deployment: end it, do it again, put an earlier release back.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { answer, client } from "../../api/client";
import { asks, type Deployment } from "../../api/queries";
import { Untrusted } from "../../text/Untrusted";
import { Button } from "../../ui/Button";
import { Confirm } from "../../ui/Dialog";
import { RocketIcon, StopIcon, UndoIcon } from "../../ui/icons";
import { isOver } from "../../ui/status";
import { notifyError } from "../../ui/toasts";
import { DeployDialog } from "../project/DeployDialog";
import { RollbackDialog } from "../project/RollbackDialog";

interface ActionsProps {
  project: string;
  deployment: Deployment;
  isCancelled: boolean;
}

export function Actions({ project, deployment, isCancelled }: ActionsProps) {
  const found = useQuery(asks.project(project));
  const releases = useQuery(asks.releases(project));
  const [open, setOpen] = useState<"deploy" | "back" | null>(null);
  if (found.data?.role !== "owner" || found.data.archived_at) return null;
  if (!isOver(deployment.status)) {
    return <Cancel project={project} deployment={deployment} isCancelled={isCancelled} />;
  }
  const ofIt = releases.data?.items.filter((release) => release.environment === deployment.environment) ?? [];
  const hasEarlier = ofIt.some((release) => release.verdict === "good" && !release.is_current);
  const close = () => setOpen(null);
  return (
    <>
      <Button onClick={() => setOpen("deploy")}>
        <RocketIcon /> Deploy again
      </Button>
      {hasEarlier && (
        <Button onClick={() => setOpen("back")}>
          <UndoIcon /> Roll back
        </Button>
      )}
      {open === "deploy" && (
        <DeployDialog
          project={found.data}
          commit={deployment.commit}
          environment={deployment.environment}
          onClose={close}
        />
      )}
      {open === "back" && (
        <RollbackDialog
          project={project}
          environment={deployment.environment}
          release={null}
          current={ofIt.find((release) => release.is_current) ?? null}
          onClose={close}
        />
      )}
    </>
  );
}

function Cancel({ project, deployment, isCancelled }: ActionsProps) {
  const queries = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const cancel = async () => {
    try {
      const params = { path: { project, number: deployment.number } };
      await answer(client.POST("/api/v1/projects/{project}/deployments/{number}/cancel", { params }));
      await queries.invalidateQueries({ queryKey: asks.deployment(project, deployment.number).queryKey });
    } catch (error) {
      notifyError("It goes on", error);
    }
  };
  return (
    <>
      <Button look="danger" disabled={isCancelled} onClick={() => setAsking(true)}>
        <StopIcon /> Cancel
      </Button>
      <Confirm
        title="Cancel the deployment"
        deed="Cancel the deployment"
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        onConfirm={cancel}
      >
        <p>
          It is undone as far as it has come:{" "}
          <Untrusted text={deployment.environment} className="font-medium text-text" /> runs what it ran
          before.
        </p>
      </Confirm>
    </>
  );
}
