// Keeps a trace of what a browser does, as its developer tools and https://ui.perfetto.dev read it, and sums it up.
import { Buffer } from "node:buffer";
import { writeFile } from "node:fs/promises";

const CATEGORIES = [
  "toplevel",
  "devtools.timeline",
  "disabled-by-default-devtools.timeline",
  "disabled-by-default-devtools.timeline.frame",
  "blink.user_timing",
];

/** Does something under a trace, which goes to `file`; gives what came of it, and the sum of the trace. Without a file, without. */
export async function traced(browser, file, deed) {
  if (file === undefined) return { result: await deed() };
  const session = await browser.newBrowserCDPSession();
  const traceConfig = { recordMode: "recordAsMuchAsPossible", includedCategories: CATEGORIES };
  await session.send("Tracing.start", { transferMode: "ReturnAsStream", traceConfig });
  let result;
  const ended = new Promise((over) => session.once("Tracing.tracingComplete", over));
  try {
    result = await deed();
  } finally {
    await session.send("Tracing.end");
  }
  const text = await read(session, (await ended).stream);
  await session.detach();
  await writeFile(file, text);
  return { result, trace: summary(JSON.parse(text).traceEvents) };
}

async function read(session, handle) {
  const pieces = [];
  for (;;) {
    const { data, eof, base64Encoded } = await session.send("IO.read", { handle });
    pieces.push(Buffer.from(data, base64Encoded ? "base64" : "utf8"));
    if (eof) break;
  }
  await session.send("IO.close", { handle });
  return Buffer.concat(pieces).toString("utf8");
}

/** What the compositor drew and what it had to leave out, and how long the page's own thread was busy at a time, in milliseconds. */
function summary(events) {
  const named = (name) => events.filter((event) => event.name === name);
  const isPages = mainThreads(events);
  const tasks = named("RunTask").filter((event) => event.dur !== undefined && isPages(event));
  const ms = tasks.map(({ dur }) => dur / 1000).sort((a, b) => a - b);
  return {
    framesDrawn: named("DrawFrame").length,
    framesDropped: named("DroppedFrame").length,
    tasks: ms.length,
    longestTaskMs: Math.round((ms.at(-1) ?? 0) * 10) / 10,
    tasksOver16ms: ms.filter((each) => each > 16.7).length,
    tasksOver50ms: ms.filter((each) => each > 50).length,
  };
}

function mainThreads(events) {
  const mains = events.filter(({ name, args }) => name === "thread_name" && args?.name === "CrRendererMain");
  const known = new Set(mains.map(({ pid, tid }) => `${pid} ${tid}`));
  return ({ pid, tid }) => known.has(`${pid} ${tid}`);
}
