// The story of those who use the server through its pages: from signing in to deployments that are rolled back.
//
// node e2e/story.mjs --server PATH [--pictures DIRECTORY] [--shots DIRECTORY] [--pages DIRECTORY]
//
// `--server` is the program, with its pages in it. `--pictures` is where the pictures of the documentation are kept, which are
// compared with those that this run makes, or made anew where IMT_KEEP_SCREENSHOTS is set. `--shots` is where screenshots of
// everything go. `--pages` shows other pages than those in the server, and `--part` is the one part that is told (alone or
// together), both for whoever works on them. Says of each act how it went, and ends with 0 where all went well.
//
// What needs containers and a host is told where `scripts/with-services` has started them; that it is not told is said.
import { existsSync, rmSync } from "node:fs";
import { mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

import { Looks } from "./looks.mjs";
import { alone, together } from "./parts.mjs";
import { Pictures } from "./pictures.mjs";
import { services } from "./services.mjs";

const { values } = parseArgs({
  options: Object.fromEntries(
    ["server", "pictures", "shots", "pages", "part"].map((name) => [name, { type: "string" }]),
  ),
});
if (values.server === undefined) {
  console.error(
    "usage: node e2e/story.mjs --server PATH [--pictures DIRECTORY] [--shots DIRECTORY] [--pages DIRECTORY]",
  );
  process.exit(2);
}
if (values.pages !== undefined && !existsSync(join(values.pages, "index.html"))) {
  console.error(`${resolve(values.pages)} has no built pages: there is no index.html in it`);
  process.exit(2);
}
if (values.shots !== undefined) await mkdir(values.shots, { recursive: true });

const looks = await Looks.at(values.shots);
const pictures = await Pictures.at(values.pictures && resolve(values.pictures));
const found = services();
const ends = [];

// However this ends, it leaves nothing behind.
process.once("exit", () => ends.reverse().forEach((end) => end()));
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

/** Tells a part, act by act, to its end or to the first that goes wrong; gives how many went well, and whether all did. */
async function tellPart([partName, make]) {
  const directory = await mkdtemp(join(tmpdir(), "imt-story-"));
  ends.push(() => rmSync(directory, { recursive: true, force: true }));
  const part = await make({
    program: resolve(values.server),
    directory,
    pages: values.pages && resolve(values.pages),
  });
  ends.push(part.end);
  /** What the acts share; each adds what the later ones need. */
  const story = {
    ...part,
    page: null,
    // What is shown is what most have: containers, and a host.
    pictures: part.isPictured ? pictures : await Pictures.at(undefined),
    look: (name, page = story.page) => looks.look(page, name),
  };
  let passed = 0;
  for (const [name, act] of Object.entries(part.acts)) {
    if (!(await tellAct(`${partName}: ${name}`, act, story))) return { passed, isGood: false };
    passed += 1;
  }
  await part.browsers.close();
  await part.server.end("SIGKILL");
  return { passed, isGood: true };
}

async function tellAct(name, act, story) {
  const began = Date.now();
  try {
    await act(story);
    story.browsers.check();
    console.log(`test ${name} ... ok (${((Date.now() - began) / 1000).toFixed(1)} s)`);
    return true;
  } catch (error) {
    console.log(`test ${name} ... FAILED`);
    console.error(error instanceof Error ? error.message : String(error));
    try {
      story.browsers.check();
    } catch (faults) {
      if (faults.message !== error?.message) console.error(faults.message);
    }
    if (story.page !== null) {
      console.error(`at ${story.page.url()}`);
      await looks.shoot(story.page, `failed-${name.split(":")[0]}`).catch(() => undefined);
    }
    return false;
  }
}

const parts = { alone, together: (given) => together(given, found) };
if (found === null) {
  console.log(
    "not told: what needs containers, a host and a provider (scripts/with-services scripts/story tells it)",
  );
  delete parts.together;
}
const wanted = Object.entries(parts).filter(([name]) => values.part === undefined || values.part === name);
if (wanted.length === 0) throw new Error(`there is no part ${values.part}`);
const began = Date.now();
// Side by side: one waits for containers and clocks most of the time.
const told = await Promise.all(wanted.map((part) => tellPart(part)));
const passed = told.reduce((sum, part) => sum + part.passed, 0);
const failed = told.filter((part) => !part.isGood).length;
console.log(`${looks.count} looks at pages, ${((Date.now() - began) / 1000).toFixed(0)} s`);
console.log(`what moved most by itself: ${looks.moved.name}, by ${looks.moved.by.toFixed(3)}`);
console.log(`test result: ${failed === 0 ? "ok" : "FAILED"}. ${passed} passed; ${failed} failed; 0 ignored`);
process.exit(failed === 0 ? 0 : 1);
