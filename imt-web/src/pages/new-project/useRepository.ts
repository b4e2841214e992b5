// What is typed of a new project's repository, what a look into it has found, and the project that comes of it. It knows nothing
// of how it is shown.
import { useState } from "react";

import { answer, client, done, type Schemas } from "../../api/client";
import type { Project } from "../../api/queries";
import { useDeed } from "../../ui/deed";
import { notifyError } from "../../ui/toasts";
import { suggestedName } from "./names";
import { isSsh } from "./problems";

export type Access = "open" | "token" | "key";

export interface Typed {
  url: string;
  /** Null as long as nobody has given another than the address suggests. */
  name: string | null;
  branch: string;
  file: string;
  access: Access;
  secret: string;
}

const NOTHING: Typed = { url: "", name: null, branch: "", file: "pipeline.yml", access: "open", secret: "" };

/** What came of a look, and what it was of: once something else is typed it holds no more. */
interface Look {
  of: string;
  found: Schemas["Checked"] | null;
  error: unknown;
}

export function useRepository(onMade: (project: Project) => void) {
  const [typed, setTyped] = useState(NOTHING);
  const [look, setLook] = useState<Look | null>(null);
  const [isChecking, setChecking] = useState(false);
  const making = useDeed(["projects"]);
  const order = orderOf(typed);
  const of = JSON.stringify(order);
  const current = look?.of === of ? look : null;
  const name = typed.name ?? suggestedName(typed.url);

  const check = async () => {
    setChecking(true);
    try {
      const found = await answer(client.POST("/api/v1/repository-checks", { body: order }));
      setLook({ of, found, error: null });
    } catch (error) {
      setLook({ of, found: null, error });
    } finally {
      setChecking(false);
    }
  };

  const make = () =>
    making.run(async () => {
      const branch = order.branch ?? current?.found?.default_branch;
      const { repo_url, repo_token, pipeline_file } = order;
      const body = {
        name,
        repo_url,
        ...(repo_token === undefined ? {} : { repo_token }),
        ...(pipeline_file === undefined ? {} : { pipeline_file }),
        ...(branch ? { default_branch: branch } : {}),
      };
      const project = await answer(client.POST("/api/v1/projects", { body }));
      onMade(project);
      // The project is there by now, whatever becomes of its key.
      if (typed.access === "key") await setKey(project.name, typed.secret);
    });

  return {
    typed,
    name,
    type: (change: Partial<Typed>) => setTyped((before) => ({ ...before, ...change })),
    /** Such a one is read by its project, and not before. */
    isChecked: typed.access !== "key" && !isSsh(typed.url),
    isChecking,
    found: current?.found ?? null,
    problem: current?.error ?? null,
    check,
    isMaking: making.isBusy,
    refusal: making.error,
    make,
  };
}

function orderOf({ url, branch, file, access, secret }: Typed) {
  return {
    repo_url: url.trim(),
    ...(branch.trim() === "" ? {} : { branch: branch.trim() }),
    ...(file.trim() === "" ? {} : { pipeline_file: file.trim() }),
    ...(access === "token" ? { repo_token: secret.trim() } : {}),
  } satisfies Schemas["CheckOrder"];
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
