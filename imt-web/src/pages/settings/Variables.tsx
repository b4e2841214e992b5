// What jobs of every pipeline find in their environment. The value of a secret one goes in, and never comes out.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { client, done, type Schemas } from "../../api/client";
import type { Project } from "../../api/queries";
import { Untrusted } from "../../text/Untrusted";
import { Button } from "../../ui/Button";
import { useDeed } from "../../ui/deed";
import { useEditing } from "../../ui/editing";
import { AreaField, CheckField, TextField } from "../../ui/Field";
import { FormPanel } from "../../ui/FormPanel";
import { NamedPanel } from "../../ui/NamedList";
import { EmptyState } from "../../ui/Panel";
import { askVariables } from "./asks";
import { Changing } from "./Changing";

type Variable = Schemas["VariableView"];

export function Variables({ project }: { project: Project }) {
  const variables = useQuery(askVariables(project.name));
  const { edited, turn, edit, end } = useEditing<Variable>();
  const remove = (name: string) =>
    done(
      client.DELETE("/api/v1/projects/{project}/variables/{name}", {
        params: { path: { project: project.name, name } },
      }),
    );
  return (
    <NamedPanel
      title="Variables"
      query={variables}
      of={(variable) => ({
        name: variable.name,
        about: variable.is_secret ? (
          "secret"
        ) : (
          <Untrusted text={variable.value ?? ""} className="font-mono" />
        ),
        edit: { word: variable.is_secret ? "Replace" : "Edit", onEdit: () => edit(variable) },
      })}
      empty={
        <EmptyState title="No variable yet">
          <p>What is set here is in the environment of each job, and is masked in logs where it is secret.</p>
        </EmptyState>
      }
      consequence="Jobs that begin from now on do not have it any more."
      onRemove={remove}
      list={askVariables(project.name).queryKey}
    >
      <SetVariable key={edited?.name ?? ""} project={project} edited={edited} turn={turn} onDone={end} />
    </NamedPanel>
  );
}

interface SetProps {
  project: Project;
  /** What is changed: its name is fixed, and a secret value has to be given anew. */
  edited: Variable | null;
  turn: number;
  onDone: () => void;
}

function SetVariable({ project, edited, turn, onDone }: SetProps) {
  const [name, setName] = useState(edited?.name ?? "");
  const [value, setValue] = useState(edited?.value ?? "");
  const [isSecret, setSecret] = useState(edited?.is_secret ?? true);
  const deed = useDeed(askVariables(project.name).queryKey);
  const set = async () => {
    const params = { path: { project: project.name, name: name.trim() } };
    const body = { value, is_secret: isSecret };
    const isSet = await deed.run(
      () => done(client.PUT("/api/v1/projects/{project}/variables/{name}", { params, body })),
      `${name.trim()} is set`,
    );
    if (!isSet) return;
    setName("");
    setValue("");
    onDone();
  };
  return (
    <FormPanel
      title={edited === null ? "Set a variable" : <Changing name={edited.name} />}
      deed={deed}
      onSubmit={set}
      submit="Save variable"
      turn={turn}
      otherwise={edited !== null && <Button onClick={onDone}>Leave it</Button>}
    >
      <TextField
        label="Name"
        help={edited === null ? "An existing name is overwritten." : undefined}
        value={name}
        disabled={edited !== null}
        onChange={(event) => setName(event.target.value)}
        required
        isCode
      />
      <AreaField
        label="Value"
        help={edited?.is_secret ? "The one that is set is not shown: give another." : undefined}
        value={value}
        onChange={(event) => setValue(event.target.value)}
        required={edited?.is_secret === true}
      />
      <CheckField
        label="Secret"
        help="Kept sealed, masked in logs, shown nowhere again."
        checked={isSecret}
        onChange={(event) => setSecret(event.target.checked)}
      />
    </FormPanel>
  );
}
