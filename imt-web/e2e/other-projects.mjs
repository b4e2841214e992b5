// Other projects beside the one that the story is about: made over the API, as programs do.
import { join } from "node:path";

import { Repository } from "./repository.mjs";

const PROJECTS = {
  mail: ["echo 31 templates", "echo a letter without address >&2; exit 1"],
  prices: ["echo 12 lists"],
  website: ["echo 48 pages"],
};

/** Calls the server as whoever is signed in in a page. */
async function call(page, path, body) {
  const status = await page.evaluate(
    async ({ path, body }) => {
      const headers = { "content-type": "application/json" };
      const answer = await fetch(`/api/v1/${path}`, { method: "POST", headers, body });
      return answer.status;
    },
    { path, body: JSON.stringify(body) },
  );
  if (status !== 201) throw new Error(`${path} was answered with ${status}`);
}

async function makeOthers(story) {
  const { page, forge, directory, services } = story;
  for (const [name, script] of Object.entries(PROJECTS)) {
    const repository = new Repository(join(directory, name));
    const file = `image: ${services.image}\njobs:\n  check: { script: ${JSON.stringify(script)} }\n`;
    repository.commit(`begin ${name}`, { "pipeline.yml": file });
    await call(page, "projects", { name, repo_url: forge.add(name, repository) });
    await call(page, `projects/${name}/pipelines`, { branch: "main" });
  }
  await page.goto("/");
  for (const name of Object.keys(PROJECTS)) {
    const status = name === "mail" ? "failed" : "succeeded";
    const row = page.getByRole("listitem").filter({ has: page.getByRole("link", { name, exact: true }) });
    // The page is not loaded again.
    await row.getByRole("link", { name: `#1 ${status}` }).waitFor();
  }
}

export const OTHERS = { "other projects, over the API": makeOthers };
