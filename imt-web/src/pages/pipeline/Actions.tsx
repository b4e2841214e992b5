// What can be done with a pipeline: end it, run it again, deploy what it has tested.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";

import { answer, client } from "../../api/client";
import { asks, type Pipeline, type Project } from "../../api/queries";
import { Button } from "../../ui/Button";
import { Confirm } from "../../ui/Dialog";
import { ChevronDownIcon, RetryIcon, RocketIcon, StopIcon, WarningIcon } from "../../ui/icons";
import { Menu, MenuItem } from "../../ui/Menu";
import { isBad, isOver, statusName } from "../../ui/status";
import { notify, notifyError } from "../../ui/toasts";
import { DeployDialog } from "../project/DeployDialog";

interface ActionsProps {
  project: string;
  pipeline: Pipeline;
}

/** On a phone they have a line of their own, so that what comes and goes of them moves nothing. */
export function Actions(props: ActionsProps) {
  return (
    <div className="flex min-h-9 gap-2 max-sm:w-full">
      <Choices {...props} />
    </div>
  );
}

function Choices({ project, pipeline }: ActionsProps) {
  const found = useQuery(asks.project(project));
  if (!isOver(pipeline.status)) return <Cancel project={project} pipeline={pipeline} />;
  if (found.data === undefined || found.data.archived_at) return null;
  const retry = <Retry project={project} pipeline={pipeline} />;
  // What is likely to be done comes first.
  const isGood = pipeline.status === "success";
  return (
    <>
      {!isGood && retry}
      {found.data.role === "owner" && pipeline.commit && (
        <Deploy project={found.data} pipeline={pipeline} commit={pipeline.commit} />
      )}
      {isGood && retry}
    </>
  );
}

interface DeployProps {
  project: Project;
  pipeline: Pipeline;
  commit: string;
}

function Deploy({ project, pipeline, commit }: DeployProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button onClick={() => setOpen(true)}>
        <RocketIcon /> Deploy
      </Button>
      {isOpen && (
        <DeployDialog
          project={project}
          commit={commit}
          warning={pipeline.status === "success" ? null : <NotTested pipeline={pipeline} />}
          onClose={() => setOpen(false)}
        />
      )}
    </>
  );
}

function NotTested({ pipeline: { number, status } }: { pipeline: Pipeline }) {
  const isPassive = status === "cancelled" || status === "skipped";
  return (
    <p className="flex gap-2 rounded-md bg-errored-soft px-3 py-2 text-sm text-errored-text">
      <WarningIcon className="mt-0.5 size-4 shrink-0" />
      Pipeline #{number} of this commit {isPassive && "was "}
      {statusName(status)}.
    </p>
  );
}

/** Asks for the end. Once it was asked for, the end can be forced; the pipeline is over when the server says so. */
function Cancel({ project, pipeline }: ActionsProps) {
  const queries = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const isKill = Boolean(pipeline.cancel);
  const cancel = async () => {
    try {
      const params = { path: { project, number: pipeline.number }, query: { kill: isKill } };
      await answer(client.POST("/api/v1/projects/{project}/pipelines/{number}/cancel", { params }));
      await queries.invalidateQueries({ queryKey: asks.pipeline(project, pipeline.number).queryKey });
    } catch (error) {
      notifyError("It goes on", error);
    }
  };
  if (pipeline.cancel === "kill") return null;
  return (
    <>
      <Button look="danger" onClick={() => setAsking(true)}>
        <StopIcon /> {isKill ? "Kill" : "Cancel"}
      </Button>
      <Confirm
        title={isKill ? "Kill what still runs" : "Cancel the pipeline"}
        deed={isKill ? "Kill" : "Cancel the pipeline"}
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        onConfirm={cancel}
      >
        <p>
          {isKill
            ? "What still runs is ended at once, without time to clean up."
            : "What runs is told to end and has its time to clean up. What has not begun does not begin."}
        </p>
      </Confirm>
    </>
  );
}

function Retry({ project, pipeline }: ActionsProps) {
  const navigate = useNavigate();
  const [isBusy, setBusy] = useState(false);
  const hasFailed = pipeline.jobs.some((job) => isBad(job.status) || job.status === "cancelled");
  const retry = async (failed: boolean) => {
    setBusy(true);
    try {
      const params = { path: { project, number: pipeline.number }, query: { failed } };
      const started = await answer(
        client.POST("/api/v1/projects/{project}/pipelines/{number}/retry", { params }),
      );
      notify("done", `Pipeline ${started.number} runs it again`);
      await navigate(`/projects/${project}/pipelines/${started.number}`);
    } catch (error) {
      notifyError("It is not run again", error);
    } finally {
      setBusy(false);
    }
  };
  if (!pipeline.commit) return null;
  if (!hasFailed) {
    return (
      <Button isBusy={isBusy} onClick={() => void retry(false)}>
        <RetryIcon /> Run again
      </Button>
    );
  }
  return (
    <Menu
      trigger={
        <Button isBusy={isBusy}>
          <RetryIcon /> Run again <ChevronDownIcon className="size-3.5" />
        </Button>
      }
    >
      <MenuItem onSelect={() => void retry(true)}>only what did not succeed</MenuItem>
      <MenuItem onSelect={() => void retry(false)}>the whole pipeline</MenuItem>
    </Menu>
  );
}
