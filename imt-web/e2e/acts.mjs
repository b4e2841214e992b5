// What happens in the story while everybody means well: a project is made, and its pipelines run.
import { readLog, until } from "./browser.mjs";
import { attempt, AWAY, hasLines, LINES, printing, says, standsAt, tell } from "./deeds.mjs";
import { PICTURE } from "./pictures.mjs";
import { push } from "./repository.mjs";

/** What a browser says of its own accord where a server answers with no. */
const REFUSED = /Failed to load resource: the server responded with a status of 4/;

/** Goes to the newest pipeline of the project, once there is one of this number. */
async function follow(story, number) {
  await story.page.goto("/projects/shop");
  await story.page
    .getByRole("link", { name: new RegExp(`^#${number} `) })
    .first()
    .click();
  await story.page.waitForURL(`**/pipelines/${number}`);
}

async function signInByLink(story) {
  const { server, browsers } = story;
  const link = await server.start();
  const page = await browsers.open();
  story.page = page;
  await browsers.allowing(REFUSED, async () => {
    await page.goto("/projects/shop");
    await page.getByRole("heading", { name: "Sign in to imt" }).waitFor();
  });
  const answer = await browsers.allowing(REFUSED, () => page.goto("/sign-in", { waitUntil: "networkidle" }));
  const policy = answer.headers()["content-security-policy"] ?? "";
  if (!policy.includes("default-src 'self'") || policy.includes("unsafe")) {
    throw new Error(`the policy of the pages is ${JSON.stringify(policy)}`);
  }
  await browsers.allowing(REFUSED, () => story.look("sign-in"));
  await page.goto(new URL(link).pathname + new URL(link).search);
  await page.getByText("No project yet").waitFor();
  await page.goto("/");
  await page.getByText("No project yet").waitFor();
  await story.look("no-project");
}

async function createProject(story) {
  const { page, repository } = story;
  const good = story.file({
    test: [...story.chatter, story.awaiting("first"), "echo nearly there", "exit 3"],
  });
  repository.commit("first", { ...story.files, "pipeline.yml": good.replace("stage: test", "stage: tset") });
  await page.getByRole("link", { name: "Make the first one" }).click();
  await page.getByLabel("Address").fill(story.address);
  await page.getByRole("button", { name: "Check the repository" }).click();
  const found = page.getByRole("region", { name: "What was found" });
  await found.getByText("did you mean test?").waitFor();
  await found.getByText(/^pipeline\.yml:\d+:\d+/).waitFor();
  await story.look("new-project-wrong");
  repository.commit("mended", { "pipeline.yml": good });
  await page.getByRole("button", { name: "Check again" }).click();
  await found.getByRole("list", { name: "Stages" }).getByText("unit").waitFor();
  await story.look("new-project-good");
  await page.getByRole("button", { name: "Make the project", exact: true }).click();
  const [hook, secret] = await until("address and secret of the webhook are shown", async () => {
    const texts = await page.locator("dd code").allTextContents();
    return texts.length >= 2 && texts;
  });
  Object.assign(story, { hook, secret });
  await page.getByText("The repository answers.").waitFor();
  await page.getByRole("button", { name: "Run the first pipeline" }).click();
  await page.waitForURL("**/projects/shop/pipelines/1");
}

async function watchInTwo(story) {
  const { page, browsers } = story;
  const second = await browsers.open(await page.context().storageState());
  story.second = second;
  await second.goto("/projects/shop/pipelines/1");
  const both = [page, second];
  await Promise.all(both.map((each) => standsAt(each, "running")));
  await Promise.all(
    both.map((each) =>
      each
        .getByRole("log")
        .getByText(/\bfirst\b/)
        .first()
        .waitFor(),
    ),
  );
  await story.look("running");
  await story.pictures.take(page, "pipeline", PICTURE, "light");
  story.gates.open("first");
  await Promise.all(both.map((each) => says(each, "nearly there")));
}

async function fail(story) {
  const both = [story.page, story.second];
  await Promise.all(both.map((each) => standsAt(each, "failed")));
  await Promise.all(
    both.map((each) =>
      each
        .getByText(/exit code 3/)
        .first()
        .waitFor(),
    ),
  );
  await until("the title says so", async () => /failed/.test(await story.page.title()));
  await story.look("failed-pipeline");
}

async function fixByPush(story) {
  const { page, repository, hook, secret } = story;
  const commit = repository.commit("fixed", {
    "pipeline.yml": story.file({ test: [...story.chatter, "echo all is well"] }),
  });
  await page.goto("/projects/shop");
  const wrong = await push({ hook, secret: `${secret}x`, branch: "main", commit });
  if (wrong < 400) throw new Error(`a push that is signed wrong was answered with ${wrong}`);
  await tell(story, "main", commit);
  // The page is not loaded again: it finds the pipeline by itself.
  await page.getByRole("link", { name: "#2 succeeded" }).first().waitFor();
  await page.getByRole("link", { name: "#2 succeeded" }).first().click();
  await says(page, "all is well");
  await story.look("fixed");
  await page.goto("/projects/shop/settings/webhook");
  const replay = page.getByRole("button", { name: "Replay" });
  const list = page.getByRole("listitem").filter({ has: replay });
  await list.first().getByRole("link", { name: "pipeline #2" }).waitFor();
  if ((await list.count()) !== 1) throw new Error("a push that was signed wrong is among the deliveries");
}

async function cancel(story) {
  const { page, repository } = story;
  const script = ["echo it began", story.awaiting("never")];
  await tell(story, "main", repository.commit("endless", { "pipeline.yml": story.file({ test: script }) }));
  await follow(story, 3);
  await says(page, "it began");
  await page.getByRole("button", { name: "Cancel" }).click();
  const dialog = page.getByRole("dialog", { name: "Cancel the pipeline" });
  await story.look("cancel");
  await dialog.getByRole("button", { name: "Cancel the pipeline" }).click();
  await standsAt(page, "cancelled");
}

async function retry(story) {
  const { page } = story;
  story.gates.open("never");
  await page.getByRole("button", { name: "Run again" }).click();
  await page.getByRole("menuitem", { name: "the whole pipeline" }).click();
  await page.waitForURL("**/pipelines/4");
  await standsAt(page, "succeeded");
}

/** A job on the server's own machine ends with the server, and begins anew: the log of neither attempt has a gap, or a line twice. */
async function killServer(story) {
  const { page, second, server, browsers, repository, gates } = story;
  const half = LINES / 2;
  const script = [printing(1, half), story.awaiting("second"), printing(half + 1, LINES)];
  const file = `${story.file({ test: script })}    retry: { max: 1, on: [lost] }\n`;
  await tell(story, "main", repository.commit("long", { "pipeline.yml": file }));
  await follow(story, 5);
  await second.goto("/projects/shop/pipelines/5");
  const both = [page, second];
  const away = (each) => each.getByText("the server is away: reconnecting");
  await Promise.all(both.map((each) => says(each, `line ${half}`)));
  await browsers.allowing(AWAY, async () => {
    await server.end("SIGKILL");
    await Promise.all(both.map((each) => away(each).waitFor()));
    await story.look("server-away");
    await server.start();
    await Promise.all(both.map((each) => away(each).waitFor({ state: "hidden" })));
  });
  // No page is loaded again.
  await Promise.all(both.map((each) => attempt(each, 2).waitFor()));
  gates.open("second");
  for (const each of both) {
    await standsAt(each, "succeeded");
    hasLines(await readLog(each), LINES);
    await attempt(each, 1).click();
    await says(each, `line ${half}`);
    hasLines(await readLog(each), half);
  }
  await story.look("server-back");
}

/** A part of the pages is not there: for a moment, until somebody tries again, and because the server has newer pages. */
async function partsAway({ page, browsers, look }) {
  const parts = "**/assets/Runners-*.js";
  const open = () => page.getByRole("link", { name: "Runners" }).click();
  const there = () => page.getByRole("heading", { name: "Runners" }).waitFor();
  const away = (heading) => page.getByRole("heading", { name: heading }).waitFor();
  await browsers.allowing(AWAY, async () => {
    await page.goto("/");
    await page.route(parts, (route) => route.abort(), { times: 1 });
    await open();
    await there();

    await page.goto("/");
    await page.route(parts, (route) => route.abort());
    await open();
    await away("This page could not be fetched");
    await look("part-away");
    await page.unroute(parts);
    await page.getByRole("button", { name: "Try again" }).click();
    await there();

    await page.goto("/");
    const newer = '<script type="module" src="/assets/index-newer.js"></script>';
    await page.route(
      (url) => url.pathname === "/",
      (route) => route.fulfill({ contentType: "text/html", body: newer }),
    );
    await page.route(parts, (route) => route.fulfill({ status: 404 }));
    const again = page.waitForEvent("load");
    await open();
    // It is loaded again by itself, once, and its part is still not there.
    await again;
    await away("This page is out of date");
    await page.unrouteAll();
    await page.getByRole("button", { name: "Try again" }).click();
    await there();
  });
}

const RUNS = {
  "create a project, with a check": createProject,
  "run, and watch it in two browsers": watchInTwo,
  "it fails": fail,
  "fix it, and push": fixByPush,
};

/** For the one user of a server, whose jobs run on its own machine. */
export const ALONE = {
  "sign in by the link": signInByLink,
  ...RUNS,
  cancel: cancel,
  retry: retry,
  "the server is killed under the page": killServer,
  "parts of the pages are away": partsAway,
};

export { RUNS };
