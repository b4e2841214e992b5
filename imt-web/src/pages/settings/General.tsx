// What a project is made of: its repository, what of it is run, who is told. And its way into the archive.
import { answer, client, type Schemas } from "../../api/client";
import type { Project } from "../../api/queries";
import { useDeed } from "../../ui/deed";
import { useEdits } from "../../ui/edits";
import { CheckField, SelectField, TextField } from "../../ui/Field";
import { FormPanel } from "../../ui/FormPanel";
import { byNow } from "./byNow";
import { Archive } from "./Archive";
import { Badge } from "./Badge";

export function General({ project }: { project: Project }) {
  return (
    <>
      <GeneralForm project={project} />
      <Badge project={project} />
      <Archive project={project} />
    </>
  );
}

function fieldsOf(project: Project) {
  return {
    url: project.repo_url ?? "",
    branch: project.default_branch,
    file: project.pipeline_file,
    branches: project.branches.join(", "),
    onPush: project.triggers_on_push,
    supersedes: project.supersedes_queued,
    statuses: project.commit_statuses,
  };
}

/** What is asked for by the fields that were edited. What somebody else has changed in the others stays. */
function changeOf(changes: Partial<ReturnType<typeof fieldsOf>>): Schemas["ProjectChange"] {
  const { url, branch, file, branches, onPush, supersedes, statuses } = changes;
  return {
    ...(url === undefined ? {} : { repo_url: url.trim() }),
    ...(branch === undefined ? {} : { default_branch: branch.trim() }),
    ...(file === undefined ? {} : { pipeline_file: file.trim() }),
    ...(branches === undefined
      ? {}
      : { branches: branches.split(/[\s,]+/).filter((pattern) => pattern !== "") }),
    ...(onPush === undefined ? {} : { triggers_on_push: onPush }),
    ...(supersedes === undefined ? {} : { supersedes_queued: supersedes }),
    ...(statuses === undefined ? {} : { commit_statuses: statuses }),
  };
}

function GeneralForm({ project }: { project: Project }) {
  const { values, changes, others, set, saved } = useEdits(fieldsOf(project));
  const deed = useDeed(["project", project.name], ["projects"]);

  const save = async () => {
    const params = { path: { project: project.name } };
    // What somebody else changes while this is under way is not undone unseen.
    const headers = { "If-Match": `"${project.version}"` };
    const isSaved = await deed.run(
      () => answer(client.PATCH("/api/v1/projects/{project}", { params, body: changeOf(changes), headers })),
      "Saved",
    );
    if (isSaved) saved(values);
  };

  return (
    <FormPanel
      title="General"
      deed={deed}
      onSubmit={save}
      submit="Save"
      isReady={Object.keys(changes).length > 0}
    >
      <TextField
        label="Repository"
        help={byNow(others.url) ?? "If you change the host, the stored token is deleted."}
        value={values.url}
        onChange={(event) => set("url", event.target.value)}
        required
        isCode
      />
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField
          label="Default branch"
          help={byNow(others.branch)}
          value={values.branch}
          onChange={(event) => set("branch", event.target.value)}
          required
          isCode
        />
        <TextField
          label="Pipeline file"
          help={byNow(others.file)}
          value={values.file}
          onChange={(event) => set("file", event.target.value)}
          required
          isCode
        />
      </div>
      <TextField
        label="Branches whose pushes count"
        help={byNow(others.branches) ?? "Patterns such as main, release/*. None: all."}
        value={values.branches}
        onChange={(event) => set("branches", event.target.value)}
        isCode
      />
      <CheckField
        label="Run a pipeline on push"
        checked={values.onPush}
        onChange={(event) => set("onPush", event.target.checked)}
      />
      <CheckField
        label="A newer push takes the place of pipelines of its branch that still wait"
        checked={values.supersedes}
        onChange={(event) => set("supersedes", event.target.checked)}
      />
      <SelectField
        label="Commit statuses"
        help={byNow(others.statuses) ?? "It is told where there is a secret repository_token."}
        value={values.statuses}
        onChange={(event) => set("statuses", event.target.value)}
      >
        <option value="auto">as the host suggests</option>
        <option value="github">as GitHub has it</option>
        <option value="gitea">as Gitea and Forgejo have it</option>
        <option value="off">not at all</option>
      </SelectField>
    </FormPanel>
  );
}
