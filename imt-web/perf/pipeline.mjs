// How smooth the page of a pipeline is while one scrolls its jobs, best one of hundreds that runs.
//
//   node perf/pipeline.mjs http://127.0.0.1:8080 'http://127.0.0.1:8080/auth/link?token=…' many 4 [--trace FILE]
import { parseArgs } from "node:util";

import { open } from "./browser.mjs";
import { traced } from "./trace.mjs";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { trace: { type: "string" } } });
const [base, link, project, number] = positionals;
const { browser, page } = await open({ base, link });
await page.goto(`/projects/${project}/pipelines/${number}`);
await page.waitForSelector("[data-row]");
await page.evaluate(() => {
  window.gaps = [];
  let last = performance.now();
  const frame = (now) => {
    window.gaps.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
});
await page.mouse.move(300, 700);
const { trace } = await traced(browser, values.trace, async () => {
  for (let turn = 0; turn < 100; turn += 1) {
    await page.mouse.wheel(0, turn % 20 < 10 ? 300 : -300);
    await page.waitForTimeout(150);
  }
});
const told = await page.evaluate(() => {
  const gaps = window.gaps.slice(2).sort((a, b) => a - b);
  const at = (part) => Math.round(gaps[Math.min(gaps.length - 1, Math.floor(gaps.length * part))] * 10) / 10;
  return {
    frames: gaps.length,
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    most: at(1),
    elements: document.querySelectorAll("*").length,
  };
});
console.log(JSON.stringify({ ...told, trace }));
await browser.close();
