// Where the repository of a new project is, what it is called, and how it is read.
import { useState, type SubmitEvent } from "react";

import { answer, client, done } from "../../api/client";
import type { Project } from "../../api/queries";
import { Untrusted } from "../../text/Untrusted";
import { Button } from "../../ui/Button";
import { useDeed } from "../../ui/deed";
import { AreaField, SelectField, TextField } from "../../ui/Field";
import { ErrorBox } from "../../ui/Panel";
import { notifyError } from "../../ui/toasts";
import { suggestedName, wrongName } from "./names";

interface StepProps {
  made: Project | null;
  onMade: (project: Project) => void;
}

type Access = "open" | "token" | "key";

export function RepositoryStep({ made, onMade }: StepProps) {
  const [url, setUrl] = useState("");
  const [givenName, setName] = useState<string | null>(null);
  const [branch, setBranch] = useState("main");
  const [file, setFile] = useState("pipeline.yml");
  const [access, setAccess] = useState<Access>("open");
  const [secret, setSecret] = useState("");
  const deed = useDeed(["projects"]);
  const name = givenName ?? suggestedName(url);

  if (made !== null) {
    return (
      <p className="text-sm text-muted">
        <Untrusted text={made.name} className="font-medium text-text" /> ·{" "}
        <Untrusted text={made.repo_url ?? ""} />
      </p>
    );
  }

  const make = async (event: SubmitEvent) => {
    event.preventDefault();
    await deed.run(async () => {
      const body = {
        name,
        repo_url: url.trim(),
        default_branch: branch.trim(),
        pipeline_file: file.trim(),
        ...(access === "token" ? { repo_token: secret.trim() } : {}),
      };
      const project = await answer(client.POST("/api/v1/projects", { body }));
      onMade(project);
      // The project is there by now, whatever becomes of its key.
      if (access === "key") await setKey(project.name, secret);
    });
  };

  return (
    <form onSubmit={make} className="space-y-4">
      <TextField
        label="Address"
        placeholder="https://github.com/acme/shop.git"
        help="As git clone takes it."
        value={url}
        onChange={(event) => setUrl(event.target.value)}
        required
        isCode
      />
      <div className="grid gap-4 sm:grid-cols-3">
        <TextField
          label="Name"
          value={name}
          wrong={wrongName(name)}
          onChange={(event) => setName(event.target.value)}
          required
        />
        <TextField
          label="Default branch"
          value={branch}
          onChange={(event) => setBranch(event.target.value)}
          required
        />
        <TextField
          label="Pipeline file"
          value={file}
          onChange={(event) => setFile(event.target.value)}
          required
        />
      </div>
      <SelectField
        label="Who may read it"
        value={access}
        onChange={(event) => setAccess(event.target.value as Access)}
      >
        <option value="open">everybody</option>
        <option value="token">whoever has a token (over HTTPS)</option>
        <option value="key">whoever has a key (over SSH)</option>
      </SelectField>
      {access === "token" && (
        <TextField
          label="Token"
          type="password"
          help="With the right to write statuses, the host is told how pipelines stand. It is shown nowhere again."
          value={secret}
          onChange={(event) => setSecret(event.target.value)}
          required
        />
      )}
      {access === "key" && (
        <AreaField
          label="Private key"
          help="Without a passphrase; its public half is a deploy key of the repository. It is shown nowhere again."
          value={secret}
          onChange={(event) => setSecret(event.target.value)}
          required
        />
      )}
      {deed.error !== null && <ErrorBox error={deed.error} />}
      <Button type="submit" look="primary" isBusy={deed.isBusy} disabled={wrongName(name) !== null}>
        Make the project
      </Button>
    </form>
  );
}

async function setKey(project: string, key: string): Promise<void> {
  try {
    const params = { path: { project, name: "repository_key" } };
    const value = key.endsWith("\n") ? key : `${key}\n`;
    await done(client.PUT("/api/v1/projects/{project}/secrets/{name}", { params, body: { value } }));
  } catch (error) {
    notifyError("The project is there, its key is not: set it in its settings", error);
  }
}
