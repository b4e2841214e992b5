// What jobs of every pipeline find in their environment. The value of a secret one goes in, and never comes out.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { client, done } from "../../api/client";
import type { Project } from "../../api/queries";
import { Untrusted } from "../../text/Untrusted";
import { useDeed } from "../../ui/deed";
import { AreaField, CheckField, TextField } from "../../ui/Field";
import { FormPanel } from "../../ui/FormPanel";
import { NamedPanel } from "../../ui/NamedList";
import { EmptyState } from "../../ui/Panel";
import { askVariables } from "./asks";

export function Variables({ project }: { project: Project }) {
  const variables = useQuery(askVariables(project.name));
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
      <SetVariable project={project} />
    </NamedPanel>
  );
}

function SetVariable({ project }: { project: Project }) {
  const [name, setName] = useState("");
  const [value, setValue] = useState("");
  const [isSecret, setSecret] = useState(true);
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
  };
  return (
    <FormPanel title="Set a variable" deed={deed} onSubmit={set}>
      <TextField
        label="Name"
        help="One that is there gets another value."
        value={name}
        onChange={(event) => setName(event.target.value)}
        required
        isCode
      />
      <AreaField label="Value" value={value} onChange={(event) => setValue(event.target.value)} />
      <CheckField
        label="Secret"
        help="Kept sealed, masked in logs, shown nowhere again."
        checked={isSecret}
        onChange={(event) => setSecret(event.target.checked)}
      />
    </FormPanel>
  );
}
