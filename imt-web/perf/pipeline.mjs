// How smooth the page of a pipeline is while one scrolls its jobs, best one of hundreds that runs.
//
//   node perf/pipeline.mjs http://127.0.0.1:8080 'http://127.0.0.1:8080/auth/link?token=…' many 4 [--trace FILE]
import { parseArgs } from "node:util";

import { open } from "./browser.mjs";
import { scrolled } from "./scrolling.mjs";
import { traced } from "./trace.mjs";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { trace: { type: "string" } } });
const [base, link, project, number] = positionals;
const { browser, page } = await open({ base, link });
await page.goto(`/projects/${project}/pipelines/${number}`);
await page.waitForSelector("[data-row]");
const within = "[data-jobs]";
await page.locator(within).evaluate((jobs) => (jobs.scrollTop = jobs.scrollHeight));
const { result, trace } = await traced(browser, values.trace, () =>
  scrolled(page, { within, pxPerSecond: 3_000, seconds: 5 }),
);
const elements = await page.evaluate(() => document.querySelectorAll("*").length);
console.log(JSON.stringify({ ...result, elements, trace }));
await browser.close();
