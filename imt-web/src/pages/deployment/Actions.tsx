// What can be done with a deployment: end it, do it again, put another release in the place of what runs.
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
import { isBack, offerOf, type Offer } from "../project/going-back";
import { RollbackDialog } from "../project/RollbackDialog";

interface ActionsProps {
  project: string;
  deployment: Deployment;
  isCancelled: boolean;
}

export function Actions({ project, deployment, isCancelled }: ActionsProps) {
  const found = useQuery(asks.project(project));
  const releases = useQuery(asks.releases(project));
  const [isDeploying, setDeploying] = useState(false);
  // What was offered when it was taken: what is asked about does not change meanwhile.
  const [taken, setTaken] = useState<Offer | null>(null);
  if (found.data?.role !== "owner" || found.data.archived_at) return null;
  if (!isOver(deployment.status)) {
    return <Cancel project={project} deployment={deployment} isCancelled={isCancelled} />;
  }
  const offer = offerOf(deployment, releases.data?.items ?? []);
  return (
    <>
      <Button onClick={() => setDeploying(true)}>
        <RocketIcon /> Deploy again
      </Button>
      {offer !== null && (
        <Offered environment={deployment.environment} offer={offer} onClick={() => setTaken(offer)} />
      )}
      {isDeploying && (
        <DeployDialog
          project={found.data}
          commit={deployment.commit}
          environment={deployment.environment}
          onClose={() => setDeploying(false)}
        />
      )}
      {taken !== null && (
        <RollbackDialog
          project={project}
          environment={deployment.environment}
          {...taken}
          onClose={() => setTaken(null)}
        />
      )}
    </>
  );
}

interface OfferedProps {
  environment: string;
  offer: Offer;
  onClick: () => void;
}

/** In few words where there is little room, so that it takes no line of its own as it comes. */
function Offered({ environment, offer: { release, current }, onClick }: OfferedProps) {
  const place = <Untrusted text={environment} className="inline-block max-w-48 truncate align-bottom" />;
  const commit = <Untrusted text={release.commit.slice(0, 8)} />;
  const goesBack = isBack(release, current);
  return (
    <Button onClick={onClick}>
      {goesBack ? <UndoIcon /> : <RocketIcon />}
      <span className="lg:hidden">{goesBack ? "Roll back" : "Put there again"}</span>
      <span className="max-lg:hidden">
        {goesBack ? (
          <>
            Roll {place} back to {commit}
          </>
        ) : (
          <>
            Put {commit} on {place} again
          </>
        )}
      </span>
    </Button>
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
