// What happens in the story once somebody may push who means no good: forty texts wherever a repository says something. Whether
// one of them did anything is seen by the browsers.
import { readLog, until } from "./browser.mjs";
import { tell } from "./deeds.mjs";
import { HOSTILE } from "./hostile.mjs";

async function looksRight({ page, look }, name) {
  await look(`hostile-${name}`);
  const made = await page.evaluate(() => {
    const odd =
      "iframe, object, embed, base, meta[http-equiv=refresh], [onload], [onerror], [ontoggle], [onfocus]";
    const inBody = "script, style, link, img[src='x'], a[href^='javascript:'], a[href*='//evil']";
    return [...document.querySelectorAll(odd), ...document.body.querySelectorAll(inBody)].map(
      (element) => element.outerHTML,
    );
  });
  if (made.length > 0) throw new Error(`a text has become an element: ${made[0]}`);
  if (await page.evaluate(() => "hit" in window)) throw new Error("a text has run");
}

async function asLines(story) {
  const { page, repository } = story;
  const files = { "hostile.txt": `${HOSTILE.join("\n")}\n` };
  files["pipeline.yml"] = "image: alpine\njobs:\n  shown: { script: [cat hostile.txt] }\n";
  await tell(story, "main", repository.commit("hostile lines", files));
  await page.goto("/projects/shop");
  await page.getByRole("link", { name: "#6 succeeded" }).first().click();
  await page.getByRole("log").getByText("<script>alert(1)</script>", { exact: true }).first().waitFor();
  const lines = await readLog(page);
  for (const text of HOSTILE.filter((text) => /^[\x20-\x7e]+$/.test(text))) {
    if (!lines.includes(text)) throw new Error(`not shown as it is: ${text}`);
  }
  await page.goto(`${page.url()}?job=0`);
  await page.getByRole("log").getByText("<script>alert(1)</script>", { exact: true }).first().waitFor();
  await looksRight(story, "log");
}

async function asBranches(story) {
  const { page, repository } = story;
  let branches = 0;
  for (const text of HOSTILE) {
    repository.git("checkout", "--quiet", "main");
    // What git takes for no name of a branch is one without what it minds.
    const name = [
      text,
      text.replaceAll(/[\s~^:?*[\]\\]|\.\.|@\{|\p{Cc}/gu, "-").replaceAll(/\/+/g, "/"),
    ].find((each) => repository.branch(each));
    if (name === undefined) continue;
    branches += 1;
    repository.git("checkout", "--quiet", "--detach", name);
    const commit = repository.commit(text, {
      "pipeline.yml": "image: alpine\njobs:\n  one: { script: 'true' }\n",
    });
    repository.git("branch", "--force", "--", name, commit);
    await tell(story, name, commit);
  }
  if (branches < 30) throw new Error(`git took only ${branches} texts for names of branches`);
  await page.goto("/projects/shop");
  const last = 6 + branches;
  await until("all of them are listed", async () => {
    const heads = await page.locator("a[data-row]").allTextContents();
    return (
      heads.some((text) => text.startsWith(`#${last} `)) &&
      heads.every((text) => !/waiting|running/.test(text))
    );
  });
  // What their commits say is there as well, as it was written.
  for (const text of [
    "<script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "{{constructor.constructor('alert(1)')()}}",
  ]) {
    await page.locator("p").getByText(text, { exact: true }).first().waitFor();
  }
  await looksRight(story, "branches");
  for (const number of [7, 9, 13, last]) {
    await page.goto(`/projects/shop/pipelines/${number}`);
    await page.getByRole("log").waitFor();
    await looksRight(story, `pipeline-${number}`);
  }
  for (const [name, path] of [
    ["projects", "/"],
    ["deliveries", "/projects/shop/settings/webhook"],
    ["audit", "/projects/shop/audit"],
    ["runners", "/runners"],
  ]) {
    await page.goto(path);
    if (name !== "runners") await page.getByText("shop").first().waitFor();
    await until("everything is loaded", async () => (await page.getByLabel("Loading").count()) === 0);
    await looksRight(story, name);
  }
}

async function asJobs(story) {
  const { page, repository } = story;
  const quoted = HOSTILE.map((text) =>
    JSON.stringify(text).replaceAll(/[\u007f-\u009f\u2028\u2029]/g, escaped),
  );
  const file = ["image: alpine", "jobs:", ...quoted.map((name) => `  ${name}: { script: x }`), ""].join("\n");
  repository.git("checkout", "--quiet", "main");
  const commit = repository.commit("hostile jobs", { "pipeline.yml": file });
  await page.goto("/projects/new");
  await page.getByLabel("Address").fill(repository.path);
  await page.getByRole("button", { name: "Check the repository" }).click();
  await page.getByRole("list", { name: "What is wrong with the file" }).waitFor();
  await looksRight(story, "check");
  await tell(story, "main", commit);
  await page.goto("/projects/shop/settings/webhook");
  await page.getByText("Deliveries").waitFor();
  await looksRight(story, "delivery-of-it");
}

function escaped(mark) {
  return `\\u${mark.codePointAt(0).toString(16).padStart(4, "0")}`;
}

export const HOSTILE_ACTS = {
  "hostile texts as lines of a log": asLines,
  "hostile texts as branches and messages": asBranches,
  "hostile texts as names of jobs": asJobs,
};
