// What the server itself needs for a project, and shows to nobody.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { client, done } from "../../api/client";
import type { Project } from "../../api/queries";
import { Untrusted } from "../../text/Untrusted";
import { Button } from "../../ui/Button";
import { useDeed } from "../../ui/deed";
import { useEditing } from "../../ui/editing";
import { AreaField, SelectField, TextField } from "../../ui/Field";
import { FormPanel } from "../../ui/FormPanel";
import { NamedPanel } from "../../ui/NamedList";
import { EmptyState } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import { askSecrets } from "./asks";

interface Kind {
  name: string;
  text: string;
  /** What it is of; absent where there is one for the project. */
  of?: string;
  help?: string;
}

const KINDS: readonly Kind[] = [
  { name: "repository_token", text: "token of the repository (HTTPS)" },
  { name: "repository_key", text: "key of the repository (SSH)" },
  { name: "webhook_secret", text: "secret of the webhook" },
  { name: "registry_password", text: "password of a registry", of: "Registry", help: "As USER:PASSWORD." },
  { name: "target_key", text: "key of a target (SSH)", of: "Environment" },
  { name: "target_key_passphrase", text: "passphrase of a target's key", of: "Environment" },
];

export function Secrets({ project }: { project: Project }) {
  const secrets = useQuery(askSecrets(project.name));
  const { edited, turn, edit, end } = useEditing<string>();
  const remove = (name: string) =>
    done(
      client.DELETE("/api/v1/projects/{project}/secrets/{name}", {
        params: { path: { project: project.name, name } },
      }),
    );
  return (
    <NamedPanel
      title="Secrets"
      query={secrets}
      of={(secret) => ({
        name: secret.name,
        text: partsOf(secret.name)?.kind.text,
        about: (
          <>
            <Untrusted text={secret.name} className="font-mono text-xs break-all" /> · set{" "}
            <Time at={secret.set_at} />
          </>
        ),
        ...(partsOf(secret.name) && { edit: { word: "Replace", onEdit: () => edit(secret.name) } }),
      })}
      empty={
        <EmptyState title="No secret yet">
          <p>Keys and tokens that the server needs are set here. What jobs need are variables.</p>
        </EmptyState>
      }
      consequence="Nobody can bring it back."
      onRemove={remove}
      list={askSecrets(project.name).queryKey}
    >
      <SetSecret key={edited ?? ""} project={project} edited={edited} turn={turn} onDone={end} />
    </NamedPanel>
  );
}

interface SetProps {
  project: Project;
  /** The name of what is replaced: it is fixed. */
  edited: string | null;
  turn: number;
  onDone: () => void;
}

function SetSecret({ project, edited, turn, onDone }: SetProps) {
  const before = edited === null ? undefined : partsOf(edited);
  const [kindName, setKind] = useState(before?.kind.name ?? "repository_token");
  const [of, setOf] = useState(before?.of ?? "");
  const [value, setValue] = useState("");
  const deed = useDeed(askSecrets(project.name).queryKey);
  const kind = KINDS.find((each) => each.name === kindName);
  const isFixed = edited !== null;
  const set = async () => {
    const name = edited ?? (kind?.of === undefined ? kindName : `${kindName}/${of.trim()}`);
    const params = { path: { project: project.name, name } };
    const isSet = await deed.run(
      () => done(client.PUT("/api/v1/projects/{project}/secrets/{name}", { params, body: { value } })),
      `${name} is set`,
    );
    if (!isSet) return;
    setValue("");
    onDone();
  };
  return (
    <FormPanel
      title={isFixed ? "Replace a secret" : "Set a secret"}
      deed={deed}
      onSubmit={set}
      submit="Save secret"
      turn={turn}
      otherwise={isFixed && <Button onClick={onDone}>Leave it</Button>}
    >
      <SelectField
        label="Kind"
        value={kindName}
        disabled={isFixed}
        onChange={(event) => {
          setKind(event.target.value);
          // What was meant for one is nothing for another.
          setOf("");
          setValue("");
        }}
      >
        {KINDS.map((each) => (
          <option key={each.name} value={each.name}>
            {each.text}
          </option>
        ))}
      </SelectField>
      {kind?.of !== undefined && (
        <TextField
          label={kind.of}
          value={of}
          disabled={isFixed}
          onChange={(event) => setOf(event.target.value)}
          required
          isCode
        />
      )}
      <AreaField
        label="Value"
        help={`${kind?.help ?? ""} It is shown nowhere again; another one takes its place.`}
        value={value}
        onChange={(event) => setValue(event.target.value)}
        required
      />
    </FormPanel>
  );
}

/** What a name says: of which kind it is, and of what. */
function partsOf(name: string): { kind: Kind; of: string } | undefined {
  const [word, ...rest] = name.split("/");
  const kind = KINDS.find((each) => each.name === word);
  return kind && { kind, of: rest.join("/") };
}
