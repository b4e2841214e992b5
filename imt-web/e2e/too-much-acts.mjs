// What happens in the story where there is far too much of everything: projects, jobs, and names without an end.
import { push } from "./repository.mjs";

const PROJECTS = 300;
const JOBS = 500;

/** As long as a name may be. */
const LONG = "a-name-that-does-not-end-".repeat(12);

/** The first job fails: of the others, only that they are there is to be seen. */
function manyJobs() {
  const jobs = Array.from({ length: JOBS - 1 }, (_, number) => {
    const name = `j${number}-${LONG}`.slice(0, number % 7 === 0 ? 64 : 12);
    return `  ${name.replace(/-$/, "x")}: { stage: s${1 + (number % 11)}, script: 'true' }`;
  });
  const stages = ["first", ...Array.from({ length: 11 }, (_, number) => `s${number + 1}`)];
  return [
    `stages: [${stages.join(", ")}]`,
    "image: alpine",
    "jobs:",
    "  begin: { stage: first, script: exit 3 }",
    ...jobs,
    "",
  ].join("\n");
}

async function manyProjects({ page, look, repository }) {
  const made = await page.evaluate(
    async ({ count, long, repo_url }) => {
      const headers = { "content-type": "application/json" };
      const statuses = [];
      for (let number = 0; number < count; number += 1) {
        const name = number % 5 === 0 ? `p${number}-${long}`.slice(0, 62) + "x" : `project-${number}`;
        const body = JSON.stringify({ name, repo_url });
        const answer = await fetch("/api/v1/projects", { method: "POST", headers, body });
        statuses.push(answer.status);
      }
      return statuses;
    },
    { count: PROJECTS, long: LONG, repo_url: repository.path },
  );
  const refused = made.find((status) => status !== 201);
  if (refused !== undefined) throw new Error(`a project was answered with ${refused}`);
  await page.goto("/");
  await page.locator("a[data-row]").nth(99).waitFor();
  await look("many-projects");
  // One is found among all of them, not among those that are shown.
  await page.getByPlaceholder(/Find a project/).fill("project-298");
  await page.getByRole("link", { name: "project-298", exact: true }).waitFor();
  await look("many-projects-found");
}

async function manyJobsInOne(story) {
  const { page, repository, hook, secret } = story;
  repository.git("checkout", "--quiet", "main");
  const commit = repository.commit("m".repeat(3000), { "pipeline.yml": manyJobs() });
  const branch = LONG.slice(0, 200);
  repository.git("branch", "--force", branch, commit);
  const status = await push({ hook, secret, branch, commit, message: "m".repeat(3000) });
  if (status !== 202) throw new Error(`the push was answered with ${status}`);
  await page.goto("/projects/shop");
  const link = page.locator("a[data-row]").first();
  await link.filter({ hasText: "failed" }).waitFor();
  await story.look("long-branch");
  await link.click();
  await page.getByText(`${JOBS} jobs`).waitFor();
  await story.look("many-jobs");
}

export const TOO_MUCH = {
  "300 projects": manyProjects,
  "500 jobs, and names without an end": manyJobsInOne,
};
