// How much is transferred when a page with a long log is opened, until so many seconds later; best of a job that goes on.
//
// node perf/open.mjs --base URL --path '/projects/P/pipelines/N?job=0' [--link URL] [--state FILE] [--seconds 10] [--streams]
// With --streams no socket is let through, so that server-sent events are followed.
import { parseArgs } from "node:util";

import { open } from "./browser.mjs";

const { values } = parseArgs({
  options: {
    base: { type: "string" },
    path: { type: "string" },
    link: { type: "string" },
    state: { type: "string" },
    seconds: { type: "string", default: "10" },
    streams: { type: "boolean", default: false },
  },
});
const { browser, page } = await open({ link: values.link, state: values.state, base: values.base });
if (values.streams) await page.routeWebSocket(/\/ws$/, (socket) => socket.close());
const session = await page.context().newCDPSession(page);
await session.send("Network.enable");
const [bytes, kinds] = [{ http: 0, streams: 0, socket: 0 }, new Map()];
const said = [];
session.on("Network.requestWillBeSent", ({ requestId, type }) => kinds.set(requestId, type));
session.on("Network.dataReceived", ({ requestId, dataLength }) => {
  bytes[kinds.get(requestId) === "EventSource" ? "streams" : "http"] += dataLength;
});
session.on("Network.webSocketFrameReceived", ({ response }) => (bytes.socket += response.payloadData.length));
session.on("Network.webSocketFrameSent", ({ response }) => said.push(response.payloadData));
const begun = Date.now();
await page.goto(values.path, { waitUntil: "commit" });
await page.waitForSelector(".log-row .log-text");
const openedMs = Date.now() - begun;
await page.waitForTimeout(Number(values.seconds) * 1000);
const log = await page.evaluate(async () => {
  const lines = document.querySelector("[data-log-lines]")?.getAttribute("data-log-lines");
  const last = [...document.querySelectorAll(".log-row .log-text")].at(-1)?.textContent;
  return {
    lines: Number(lines),
    last,
    size: document.querySelector("[data-log-size]")?.getAttribute("data-log-size"),
  };
});
console.log(JSON.stringify({ openedMs, bytes, log, said }, null, 1));
await browser.close();
