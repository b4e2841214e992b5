// How long it takes from when a line is printed until it is painted. The job prints lines `at MS` with the time in milliseconds.
//
// node perf/live.mjs --base URL --state FILE --path '/projects/P/pipelines/N?job=0' --lines 200
import { parseArgs } from "node:util";

import { open } from "./browser.mjs";

const { values } = parseArgs({
  options: {
    base: { type: "string" },
    path: { type: "string" },
    link: { type: "string" },
    state: { type: "string" },
    lines: { type: "string", default: "200" },
  },
});
const { browser, page } = await open({ link: values.link, state: values.state, base: values.base });
await page.goto(values.path, { waitUntil: "commit" });
const late = await page.evaluate(
  (wanted) =>
    new Promise((done) => {
      let began = Date.now();
      let isOpen = false;
      const seen = new Map();
      const frame = () => {
        for (const row of document.querySelectorAll(".log-row .log-text")) {
          const printed = /^at (\d+)$/.exec(row.textContent)?.[1];
          if (printed === undefined || seen.has(printed)) continue;
          // How long it takes to open is another matter.
          if (!isOpen) [isOpen, began] = [true, Date.now() + 1000];
          seen.set(printed, 0);
          // The frame that is drawn now has it: the next one begins after that was painted.
          requestAnimationFrame(() => seen.set(printed, Date.now() - Number(printed)));
        }
        const after = [...seen].filter(([printed, ms]) => Number(printed) > began && ms > 0);
        if (after.length >= wanted || Date.now() - began > 60_000) done(after.map(([, ms]) => ms));
        else requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
    }),
  Number(values.lines),
);
late.sort((a, b) => a - b);
const at = (share) => late[Math.min(late.length - 1, Math.floor(late.length * share))];
console.log(
  JSON.stringify({ lines: late.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), longest: late.at(-1) }),
);
await browser.close();
