// What a project is made of: its repository, what of it is run, who is told. And its way into the archive.
import { useState } from "react";

import { answer, client } from "../../api/client";
import type { Project } from "../../api/queries";
import { useDeed } from "../../ui/deed";
import { CheckField, SelectField, TextField } from "../../ui/Field";
import { FormPanel } from "../../ui/FormPanel";
import { Archive } from "./Archive";
import { Badge } from "./Badge";

export function General({ project }: { project: Project }) {
  return (
    <>
      {/* A change by somebody else begins the form anew: else it would be undone unseen. */}
      <GeneralForm key={project.version} project={project} />
      <Badge project={project} />
      <Archive project={project} />
    </>
  );
}

function GeneralForm({ project }: { project: Project }) {
  const [url, setUrl] = useState(project.repo_url ?? "");
  const [branch, setBranch] = useState(project.default_branch);
  const [file, setFile] = useState(project.pipeline_file);
  const [branches, setBranches] = useState(project.branches.join(", "));
  const [onPush, setOnPush] = useState(project.triggers_on_push);
  const [supersedes, setSupersedes] = useState(project.supersedes_queued);
  const [statuses, setStatuses] = useState(project.commit_statuses);
  const deed = useDeed(["project", project.name], ["projects"]);

  const save = async () => {
    const body = {
      repo_url: url.trim(),
      default_branch: branch.trim(),
      pipeline_file: file.trim(),
      branches: branches.split(/[\s,]+/).filter((pattern) => pattern !== ""),
      triggers_on_push: onPush,
      supersedes_queued: supersedes,
      commit_statuses: statuses,
    };
    const params = { path: { project: project.name } };
    const headers = { "If-Match": `"${project.version}"` };
    await deed.run(
      () => answer(client.PATCH("/api/v1/projects/{project}", { params, body, headers })),
      "Saved",
    );
  };

  return (
    <FormPanel title="General" deed={deed} onSubmit={save} submit="Save">
      <TextField
        label="Repository"
        help="Another host takes the repository's token away: it was given for this one."
        value={url}
        onChange={(event) => setUrl(event.target.value)}
        required
        isCode
      />
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField
          label="Default branch"
          value={branch}
          onChange={(event) => setBranch(event.target.value)}
          required
          isCode
        />
        <TextField
          label="Pipeline file"
          value={file}
          onChange={(event) => setFile(event.target.value)}
          required
          isCode
        />
      </div>
      <TextField
        label="Branches whose pushes count"
        help="Patterns such as main, release/*. None: all."
        value={branches}
        onChange={(event) => setBranches(event.target.value)}
        isCode
      />
      <CheckField
        label="Pushes are run"
        checked={onPush}
        onChange={(event) => setOnPush(event.target.checked)}
      />
      <CheckField
        label="A newer push takes the place of pipelines of its branch that still wait"
        checked={supersedes}
        onChange={(event) => setSupersedes(event.target.checked)}
      />
      <SelectField
        label="How the host is told how pipelines stand"
        help="It is told where there is a secret repository_token."
        value={statuses}
        onChange={(event) => setStatuses(event.target.value)}
      >
        <option value="auto">as the host suggests</option>
        <option value="github">as GitHub has it</option>
        <option value="gitea">as Gitea and Forgejo have it</option>
        <option value="off">not at all</option>
      </SelectField>
    </FormPanel>
  );
}
