// Deploys by hand: a branch or a commit to one of the environments that have a target.
import { useQuery } from "@tanstack/react-query";
import { useState, type ReactNode, type SubmitEvent } from "react";
import { Link, useNavigate } from "react-router";

import { answer, client } from "../../api/client";
import type { Project } from "../../api/queries";
import { plain } from "../../text/marks";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { SelectField, TextField } from "../../ui/Field";
import { Answered, ErrorBox } from "../../ui/Panel";
import { askTargets } from "../settings/asks";

interface DialogProps {
  project: Project;
  commit?: string;
  /** Where that commit was deployed to, where it is to go again. */
  environment?: string;
  /** What should be known before. */
  warning?: ReactNode;
  onClose: () => void;
}

export function DeployDialog({ project, commit = "", environment, warning, onClose }: DialogProps) {
  const targets = useQuery(askTargets(project.name));
  const [isAgain, setAgain] = useState(environment !== undefined);
  const title =
    isAgain && environment !== undefined
      ? `Deploy ${plain(commit.slice(0, 8))} again to ${plain(environment)}`
      : "Deploy";
  return (
    <Dialog title={title} isOpen onClose={onClose}>
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
              first={environment}
              commit={commit}
              warning={warning}
              onAim={(where, what) => setAgain(where === environment && what === commit)}
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
  first: string | undefined;
  commit: string;
  warning: ReactNode;
  /** Somebody has chosen anew where to, or what. */
  onAim: (where: string, what: string) => void;
  onClose: () => void;
}

/** The one that is chosen before anybody chooses: never one of several by chance. */
function chosenAtFirst(environments: readonly string[], first: string | undefined): string {
  if (first !== undefined) return environments.includes(first) ? first : "";
  return environments.length === 1 ? (environments[0] ?? "") : "";
}

function DeployForm({ project, environments, first, commit, warning, onAim, onClose }: FormProps) {
  const navigate = useNavigate();
  const [environment, setEnvironment] = useState(() => chosenAtFirst(environments, first));
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
      {warning}
      <SelectField
        label="Environment"
        required
        value={environment}
        onChange={(event) => {
          setEnvironment(event.target.value);
          onAim(event.target.value, what);
        }}
      >
        <option value="" disabled>
          choose one
        </option>
        {environments.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </SelectField>
      <TextField
        label="Commit or tag"
        help={`Empty: the newest commit of ${project.default_branch}. No pipeline is run for it.`}
        value={what}
        onChange={(event) => {
          setWhat(event.target.value);
          onAim(environment, event.target.value);
        }}
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
