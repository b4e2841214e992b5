// How fast a long log opens and scrolls in a browser, and what it leaves in memory.
//
// node perf/log.mjs --base http://127.0.0.1:4173 --path '/projects/P/pipelines/1?job=0' [--link http://…/auth/link?token=…] [--state FILE] [--trace FILE]
// The first run takes the link that the server printed and keeps the session in FILE. Prints figures as JSON. With --trace it keeps
// a trace of each scrolling beside FILE, and says what is in it; tracing costs time itself.
import { parseArgs } from "node:util";

import { open } from "./browser.mjs";
import { scrolled } from "./scrolling.mjs";
import { traced } from "./trace.mjs";

const { values } = parseArgs({
  options: {
    base: { type: "string" },
    path: { type: "string" },
    link: { type: "string" },
    state: { type: "string" },
    trace: { type: "string" },
    times: { type: "string", default: "5" },
    browsers: { type: "string", default: "5" },
  },
});
/** Each scrolling has a trace of its own. */
const traceFile = (name) => values.trace && values.trace.replace(/(\.json(?:\.gz)?)?$/, `-${name}$1`);
const { browser, page } = await open({ link: values.link, state: values.state, base: values.base });

/** From the beginning of the navigation until a row of the log was painted, in ms. */
async function opening(page) {
  await page.goto("about:blank");
  await page.goto(values.path, { waitUntil: "commit" });
  return page.evaluate(
    () =>
      new Promise((done) => {
        const look = () => {
          const row = document.querySelector(".log-row .log-text");
          if (!row || row.querySelector(".log-missing")) return requestAnimationFrame(look);
          // The frame after the one that has it: by then it was painted.
          requestAnimationFrame(() => requestAnimationFrame((at) => done(Math.round(at))));
        };
        look();
      }),
  );
}

/** What this machine can do: as many lines of nothing but text, all of them there. */
async function scrollingText(pxPerSecond, seconds) {
  await page.goto("about:blank");
  await page.evaluate(
    (lines) => {
      const text = document.createElement("pre");
      text.textContent = Array.from({ length: lines }, (_, n) => `line ${n} of nothing but text`).join("\n");
      text.style = "height: 800px; margin: 0; overflow: auto; background: white; font: 12.5px/20px monospace";
      document.body.replaceChildren(text);
      text.scrollTop = text.scrollHeight;
    },
    (pxPerSecond * seconds) / 20 + 100,
  );
  return scrolled(page, { within: "pre", pxPerSecond, seconds });
}

async function heap() {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  await session.detach();
  return Math.round(usedSize / 1e5) / 10;
}

/** Looks at places all over the log. */
async function everywhere(places) {
  for (let n = 0; n < places; n += 1) {
    await page.evaluate(
      (share) => {
        const scroller = document.querySelector(".log-scroller");
        scroller.scrollTop = (scroller.scrollHeight - scroller.clientHeight) * share;
      },
      (n * 0.61803) % 1,
    );
    await page.waitForFunction(() => !document.querySelector(".log-missing"), null, { timeout: 10_000 });
  }
}

const result = { first_opening_ms: [], opening_ms: [] };
const session = await page.context().storageState();
for (let n = 0; n < Number(values.browsers); n += 1) {
  const another = await open({ state: session, base: values.base });
  result.first_opening_ms.push(await opening(another.page));
  await another.browser.close();
}
for (let n = 0; n < Number(values.times); n += 1) result.opening_ms.push(await opening(page));
result.lines = Number(await page.locator("[data-log-lines]").getAttribute("data-log-lines"));
result.heap_opened_mb = await heap();
for (const [name, pxPerSecond] of [
  ["scrolled", 3_000],
  ["scrolled_fast", 20_000],
]) {
  const { result: ours, trace } = await traced(browser, traceFile(name), () =>
    scrolled(page, { within: ".log-scroller", pxPerSecond, seconds: 5, missing: ".log-missing" }),
  );
  result[name] = { ...ours, ...trace };
}
await everywhere(100);
result.heap_after_100_places_mb = await heap();
await everywhere(300);
result.heap_after_400_places_mb = await heap();
result.kept_mb =
  Math.round(Number(await page.locator("[data-log-size]").getAttribute("data-log-size")) / 1e5) / 10;
result.nodes = await page.evaluate(() => document.querySelectorAll("*").length);
result.text_scrolled = await scrollingText(3_000, 5);
result.text_scrolled_fast = await scrollingText(20_000, 5);
console.log(JSON.stringify(result, null, 2));
await browser.close();
