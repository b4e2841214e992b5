// Starts a pipeline by hand: of a branch or a commit, with variables for this once.
import { useState, type SubmitEvent } from "react";
import { useNavigate } from "react-router";

import { answer, client } from "../../api/client";
import type { Project } from "../../api/queries";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { AreaField, TextField } from "../../ui/Field";
import { ErrorBox } from "../../ui/Panel";
import { readVariables } from "./variables";

export function RunDialog({ project, onClose }: { project: Project; onClose: () => void }) {
  const navigate = useNavigate();
  const [branch, setBranch] = useState(project.default_branch);
  const [commit, setCommit] = useState("");
  const [text, setText] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  // A call whose answer was lost can be repeated: it is the same pipeline.
  const [key] = useState(() => crypto.randomUUID());
  const variables = readVariables(text);

  const run = async (event: SubmitEvent) => {
    event.preventDefault();
    if (!variables.isGood) return;
    setBusy(true);
    try {
      const body = {
        variables: variables.values,
        idempotency_key: key,
        ...(branch.trim() === "" ? {} : { branch: branch.trim() }),
        ...(commit.trim() === "" ? {} : { commit: commit.trim() }),
      };
      const started = await answer(
        client.POST("/api/v1/projects/{project}/pipelines", {
          params: { path: { project: project.name } },
          body,
        }),
      );
      await navigate(`/projects/${project.name}/pipelines/${started.number}`);
      onClose();
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };

  return (
    <Dialog title="Run a pipeline" isOpen onClose={onClose}>
      <form onSubmit={run} className="space-y-4">
        <TextField label="Branch" value={branch} onChange={(event) => setBranch(event.target.value)} isCode />
        <TextField
          label="Commit or tag"
          help="Empty: the newest commit of the branch."
          value={commit}
          onChange={(event) => setCommit(event.target.value)}
          isCode
        />
        <AreaField
          label="Variables for this pipeline"
          help="NAME=value, one a line."
          wrong={variables.isGood ? null : variables.wrong}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        {error !== null && <ErrorBox error={error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Close</Button>
          <Button type="submit" look="primary" isBusy={isBusy}>
            Run
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
