// How long it takes from when a line is printed until it is painted, and how much of that is the page's: from when the browser was
// told of it. The job prints lines `at MS` with the time in milliseconds.
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
await page.addInitScript(() => {
  window.told = new Map();
  window.WebSocket = class extends window.WebSocket {
    constructor(...address) {
      super(...address);
      this.addEventListener("message", ({ data }) => {
        for (const [, printed] of data.matchAll(/at (\d{13})/g)) window.told.set(printed, performance.now());
      });
    }
  };
});
await page.goto(values.path, { waitUntil: "commit" });
const late = await page.evaluate(
  (wanted) =>
    new Promise((done) => {
      let began = Date.now();
      let isOpen = false;
      const seen = new Map();
      const look = () => {
        for (const row of document.querySelectorAll(".log-row .log-text")) {
          const printed = /^at (\d+)$/.exec(row.textContent)?.[1];
          if (printed === undefined || seen.has(printed)) continue;
          // How long it takes to open is another matter.
          if (!isOpen) [isOpen, began] = [true, Date.now() + 1000];
          seen.set(printed, null);
          // The next frame begins after that was painted.
          requestAnimationFrame(() => {
            const page = performance.now() - (window.told.get(printed) ?? NaN);
            seen.set(printed, { whole: Date.now() - Number(printed), page });
          });
        }
        const after = [...seen].filter(([printed, late]) => Number(printed) > began && late !== null);
        if (after.length < wanted && Date.now() - began < 60_000) return;
        observer.disconnect();
        done(after.map(([, late]) => late));
      };
      // As soon as the rows are there, whatever was drawn before in the frame.
      const observer = new window.MutationObserver(look);
      observer.observe(document, { subtree: true, childList: true, characterData: true });
    }),
  Number(values.lines),
);
const of = (which) => {
  const sorted = late
    .map((each) => each[which])
    .filter((ms) => ms >= 0)
    .sort((a, b) => a - b);
  const at = (share) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]);
  return { lines: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), longest: at(1) };
};
console.log(JSON.stringify({ whole: of("whole"), page: of("page") }));
await browser.close();
