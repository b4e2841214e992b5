// Sets the target of an environment, with the key of its host confirmed by whoever sets it.
import { useState } from "react";

import { client, done, type Schemas } from "../../api/client";
import type { Project } from "../../api/queries";
import { Button } from "../../ui/Button";
import { useDeed } from "../../ui/deed";
import { useEdits } from "../../ui/edits";
import { AreaField, CheckField, TextField } from "../../ui/Field";
import { FormPanel } from "../../ui/FormPanel";
import { askSecrets, askTargets } from "./asks";
import { byNow } from "./byNow";
import { Changing } from "./Changing";
import { HostKeyChoice } from "./HostKeyChoice";

interface FormProps {
  project: Project;
  edited: Schemas["TargetView"] | null;
  /** Whether the server's own machine can be a target. */
  mayBeHere: boolean;
  /** The form takes the focus whenever this changes. */
  turn: number;
  onDone: () => void;
}

export function TargetForm({ project, edited, mayBeHere, turn, onDone }: FormProps) {
  const before = edited?.target;
  const { values, others, set, saved } = useEdits({
    environment: edited?.environment ?? "production",
    isHere: edited !== null && !before?.host,
    host: before?.host ?? "",
    port: String(before?.port ?? 22),
    user: before?.user ?? "deploy",
    hostKey: before?.host_key ?? "",
    registry: before?.registry ?? "",
  });
  const { environment, isHere, host, port, user, hostKey, registry } = values;
  const [key, setKey] = useState("");
  const deed = useDeed(askTargets(project.name).queryKey, askSecrets(project.name).queryKey);

  const save = async () => {
    const registryPart = registry.trim() === "" ? {} : { registry: registry.trim() };
    const reach = isHere
      ? {}
      : { host: host.trim(), port: Number(port), user: user.trim(), host_key: hostKey.trim() };
    // What this form does not show stays as it is.
    const { compose_files, profiles, on_conflict, stable_for_s, wait_timeout_s, keep } = before ?? {};
    const kept = Object.fromEntries(
      Object.entries({ compose_files, profiles, on_conflict, stable_for_s, wait_timeout_s, keep }).filter(
        ([, value]) => value !== undefined,
      ),
    );
    const name = environment.trim();
    const isSet = await deed.run(async () => {
      const path = { project: project.name, environment: name };
      const body = { ...kept, ...reach, ...registryPart };
      await done(client.PUT("/api/v1/projects/{project}/targets/{environment}", { params: { path }, body }));
      if (key.trim() !== "" && !isHere) await setTargetKey(project.name, name, key);
    }, `The target of ${name} is set`);
    if (!isSet) return;
    saved(values);
    setKey("");
    onDone();
  };

  return (
    <FormPanel
      title={edited === null ? "Set a target" : <Changing what="the target of " name={edited.environment} />}
      deed={deed}
      onSubmit={save}
      submit="Save target"
      turn={turn}
      isReady={isHere || hostKey.trim() !== ""}
      otherwise={edited !== null && <Button onClick={onDone}>Leave it</Button>}
    >
      <TextField
        label="Environment"
        help="As the pipeline file names it under deploy."
        value={environment}
        disabled={edited !== null}
        onChange={(event) => set("environment", event.target.value)}
        required
        isCode
      />
      {mayBeHere && (
        <CheckField
          label="On this machine"
          checked={isHere}
          onChange={(event) => set("isHere", event.target.checked)}
        />
      )}
      {!isHere && (
        <>
          <div className="grid gap-4 sm:grid-cols-[minmax(0,1fr)_6rem_10rem]">
            <TextField
              label="Host"
              placeholder="example.org"
              help={byNow(others.host)}
              value={host}
              onChange={(event) => set("host", event.target.value)}
              required
              isCode
            />
            <TextField
              label="Port"
              inputMode="numeric"
              pattern="[0-9]{1,5}"
              help={byNow(others.port)}
              value={port}
              onChange={(event) => set("port", event.target.value)}
              required
              isCode
            />
            <TextField
              label="User"
              help={byNow(others.user)}
              value={user}
              onChange={(event) => set("user", event.target.value)}
              required
              isCode
            />
          </div>
          <HostKeyChoice
            project={project.name}
            host={host.trim()}
            port={port}
            chosen={hostKey}
            onChoose={(fingerprint) => set("hostKey", fingerprint)}
          />
          <AreaField
            label="Private key of that user"
            help={`Kept as the secret target_key/${environment.trim()}, shown nowhere again. Empty: the one that is set stays.`}
            value={key}
            onChange={(event) => setKey(event.target.value)}
          />
        </>
      )}
      <TextField
        label="Registry"
        placeholder="ghcr.io/acme"
        help={
          byNow(others.registry) ??
          (isHere
            ? "Empty: images stay on this machine."
            : "Where images are pushed to, and fetched from by the host.")
        }
        value={registry}
        onChange={(event) => set("registry", event.target.value)}
        required={!isHere}
        isCode
      />
    </FormPanel>
  );
}

async function setTargetKey(project: string, environment: string, key: string): Promise<void> {
  const value = key.endsWith("\n") ? key : `${key}\n`;
  const path = { project, name: `target_key/${environment}` };
  await done(client.PUT("/api/v1/projects/{project}/secrets/{name}", { params: { path }, body: { value } }));
}
