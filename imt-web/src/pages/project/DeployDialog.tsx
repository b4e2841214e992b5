// Deploys by hand: a branch or a commit to one of the environments that have a target.
import { useQuery } from "@tanstack/react-query";
import { useState, type SubmitEvent } from "react";
import { Link, useNavigate } from "react-router";

import { answer, client } from "../../api/client";
import type { Project } from "../../api/queries";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { SelectField, TextField } from "../../ui/Field";
import { Answered, ErrorBox } from "../../ui/Panel";
import { askTargets } from "../settings/asks";

export function DeployDialog({
  project,
  commit = "",
  onClose,
}: {
  project: Project;
  commit?: string;
  onClose: () => void;
}) {
  const targets = useQuery(askTargets(project.name));
  return (
    <Dialog title="Deploy" isOpen onClose={onClose}>
      <Answered query={targets}>
        {({ items }) =>
          items.length === 0 ? (
            <div className="space-y-3 text-muted">
              <p>There is no target yet: nobody has said on which host this project is to run.</p>
              <Link
                to={`/projects/${project.name}/settings/targets`}
                onClick={onClose}
                className="text-accent underline"
              >
                Set a target
              </Link>
            </div>
          ) : (
            <DeployForm
              project={project}
              environments={items.map((target) => target.environment)}
              commit={commit}
              onClose={onClose}
            />
          )
        }
      </Answered>
    </Dialog>
  );
}

interface FormProps {
  project: Project;
  environments: readonly string[];
  commit: string;
  onClose: () => void;
}

function DeployForm({ project, environments, commit, onClose }: FormProps) {
  const navigate = useNavigate();
  const [environment, setEnvironment] = useState(environments[0] ?? "");
  const [what, setWhat] = useState(commit);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  // A call whose answer was lost can be repeated: it is the same deployment.
  const [key] = useState(() => crypto.randomUUID());

  const deploy = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      const body = {
        environment,
        idempotency_key: key,
        ...(what.trim() === "" ? {} : { commit: what.trim() }),
      };
      const started = await answer(
        client.POST("/api/v1/projects/{project}/deployments", {
          params: { path: { project: project.name } },
          body,
        }),
      );
      await navigate(`/projects/${project.name}/deployments/${started.number}`);
      onClose();
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };

  return (
    <form onSubmit={deploy} className="space-y-4">
      <SelectField
        label="Environment"
        value={environment}
        onChange={(event) => setEnvironment(event.target.value)}
      >
        {environments.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </SelectField>
      <TextField
        label="Commit or tag"
        help={`Empty: the newest commit of ${project.default_branch}. No pipeline is run for it.`}
        value={what}
        onChange={(event) => setWhat(event.target.value)}
        isCode
      />
      {error !== null && <ErrorBox error={error} />}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Close</Button>
        <Button type="submit" look="primary" isBusy={isBusy}>
          Deploy
        </Button>
      </div>
    </form>
  );
}
