// The story of somebody who uses the server through its pages: from signing in to a server that is killed while he looks.
//
// node e2e/story.mjs --server PATH [--shots DIRECTORY] [--pages DIRECTORY]
//
// `--server` is the program, with its pages in it; `--shots` is where screenshots go. `--pages` shows other pages than those in
// the server, for whoever works on them. Ends with 0 where all went well, else with 1 and a word on what did not.
import { rmSync } from "node:fs";
import { mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

import { ACTS } from "./acts.mjs";
import { Browsers } from "./browser.mjs";
import { HOSTILE_ACTS } from "./hostile-acts.mjs";
import { Repository } from "./repository.mjs";
import { Server } from "./server.mjs";

const { values } = parseArgs({
  options: { server: { type: "string" }, shots: { type: "string" }, pages: { type: "string" } },
});
if (values.server === undefined) {
  console.error("usage: node e2e/story.mjs --server PATH [--shots DIRECTORY] [--pages DIRECTORY]");
  process.exit(2);
}

const directory = await mkdtemp(join(tmpdir(), "imt-story-"));
const server = await Server.within(resolve(values.server), join(directory, "data"));
const browsers = new Browsers(server.base, values.pages && resolve(values.pages));
const repository = new Repository(join(directory, "shop"));
if (values.shots !== undefined) await mkdir(values.shots, { recursive: true });

/** What the acts share; each adds what the later ones need. */
const story = {
  server,
  browsers,
  repository,
  /** A job waits here until the story lets it go on. */
  gates: directory,
  page: null,
  shoot: async (name, page = story.page) => {
    if (values.shots === undefined || page === null) return;
    await page.screenshot({ path: join(values.shots, `${name}.png`) });
  },
};

// However this ends, it leaves no server and no job behind.
process.once("exit", () => {
  server.kill();
  rmSync(directory, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

let code = 0;
for (const [name, act] of Object.entries({ ...ACTS, ...HOSTILE_ACTS })) {
  const began = Date.now();
  try {
    await act(story);
    browsers.check();
    console.log(`ok: ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
  } catch (error) {
    console.error(`NOT ok: ${name}\n${error instanceof Error ? error.message : String(error)}`);
    try {
      browsers.check();
    } catch (faults) {
      if (faults.message !== error?.message) console.error(faults.message);
    }
    if (story.page !== null) console.error(`at ${story.page.url()}`);
    await story.shoot("failed").catch(() => undefined);
    code = 1;
    break;
  }
}
await browsers.close();
await server.end("SIGKILL");
process.exit(code);
