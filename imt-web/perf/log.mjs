// How fast a long log opens and scrolls in a browser, and what it leaves in memory.
//
// node perf/log.mjs --base http://127.0.0.1:4173 --path '/projects/P/pipelines/1?job=0' [--link http://…/auth/link?token=…] [--state FILE] [--trace FILE]
// The first run takes the link that the server printed and keeps the session in FILE. Prints figures as JSON. With --trace it keeps
// a trace of the fast scrolling, and says what is in it; tracing costs time itself.
import { parseArgs } from "node:util";

import { open } from "./browser.mjs";
import { traced } from "./trace.mjs";

const { values } = parseArgs({
  options: {
    base: { type: "string" },
    path: { type: "string" },
    link: { type: "string" },
    state: { type: "string" },
    trace: { type: "string" },
    times: { type: "string", default: "5" },
  },
});
const { browser, page } = await open({ link: values.link, state: values.state, base: values.base });

/** From the beginning of the navigation until a row of the log was painted, in ms. */
async function opening() {
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

/** Scrolls by wheel for so long; the gaps between frames, and how often a row that is seen was not there yet. */
async function scrolling(stepPx, seconds) {
  const box = await page.locator(".log-scroller").boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.evaluate(() => {
    const state = { gaps: [], empty: 0, last: performance.now(), on: true };
    window.measured = state;
    const frame = (now) => {
      state.gaps.push(now - state.last);
      state.last = now;
      if (document.querySelector(".log-missing")) state.empty += 1;
      if (state.on) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  const until = Date.now() + seconds * 1000;
  while (Date.now() < until) {
    await page.mouse.wheel(0, stepPx);
    await page.waitForTimeout(16);
  }
  const { gaps, empty } = await page.evaluate(() => {
    window.measured.on = false;
    return window.measured;
  });
  const sorted = gaps.slice(1).sort((a, b) => a - b);
  const at = (share) => Math.round((sorted[Math.floor(sorted.length * share)] ?? 0) * 10) / 10;
  return {
    frames: sorted.length,
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    longest: at(0.9999),
    over34ms: sorted.filter((gap) => gap > 34).length,
    framesWithMissingRows: empty,
  };
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

const result = { opening_ms: [] };
for (let n = 0; n < Number(values.times); n += 1) result.opening_ms.push(await opening());
result.lines = Number(await page.locator("[data-log-lines]").getAttribute("data-log-lines"));
result.heap_opened_mb = await heap();
result.wheel_up = await scrolling(-120, 5);
const fast = await traced(browser, values.trace, () => scrolling(-900, 5));
[result.wheel_up_fast, result.trace] = [fast.result, fast.trace];
await everywhere(100);
result.heap_after_100_places_mb = await heap();
await everywhere(300);
result.heap_after_400_places_mb = await heap();
result.kept_mb =
  Math.round(Number(await page.locator("[data-log-size]").getAttribute("data-log-size")) / 1e5) / 10;
result.nodes = await page.evaluate(() => document.querySelectorAll("*").length);
console.log(JSON.stringify(result, null, 2));
await browser.close();
