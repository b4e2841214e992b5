// What jobs of every pipeline find in their environment. The value of a secret one goes in, and never comes out.
import { useQuery } from "@tanstack/react-query";
import { useState, type SubmitEvent } from "react";

import { client, done } from "../../api/client";
import type { Project } from "../../api/queries";
import { Untrusted } from "../../text/Untrusted";
import { Button } from "../../ui/Button";
import { useDeed } from "../../ui/deed";
import { AreaField, CheckField, TextField } from "../../ui/Field";
import { Answered, EmptyState, ErrorBox, Panel } from "../../ui/Panel";
import { askVariables } from "./asks";
import { NamedList } from "./NamedList";

export function Variables({ project }: { project: Project }) {
  const variables = useQuery(askVariables(project.name));
  const remove = (name: string) =>
    done(
      client.DELETE("/api/v1/projects/{project}/variables/{name}", {
        params: { path: { project: project.name, name } },
      }),
    );
  return (
    <>
      <Panel title="Variables" isFlush>
        <Answered query={variables}>
          {({ items }) =>
            items.length === 0 ? (
              <EmptyState title="No variable yet">
                <p>
                  What is set here is in the environment of each job, and is masked in logs where it is
                  secret.
                </p>
              </EmptyState>
            ) : (
              <NamedList
                items={items.map((variable) => ({
                  name: variable.name,
                  about: variable.is_secret ? (
                    "secret"
                  ) : (
                    <Untrusted text={variable.value ?? ""} className="font-mono" />
                  ),
                }))}
                consequence="Jobs that begin from now on do not have it any more."
                onRemove={remove}
                list={askVariables(project.name).queryKey}
              />
            )
          }
        </Answered>
      </Panel>
      <SetVariable project={project} />
    </>
  );
}

function SetVariable({ project }: { project: Project }) {
  const [name, setName] = useState("");
  const [value, setValue] = useState("");
  const [isSecret, setSecret] = useState(true);
  const deed = useDeed(askVariables(project.name).queryKey);
  const set = async (event: SubmitEvent) => {
    event.preventDefault();
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
    <Panel title="Set a variable">
      <form onSubmit={set} className="space-y-4">
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
        {deed.error !== null && <ErrorBox error={deed.error} />}
        <Button type="submit" look="primary" isBusy={deed.isBusy}>
          Set
        </Button>
      </form>
    </Panel>
  );
}
