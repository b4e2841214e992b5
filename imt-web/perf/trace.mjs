// Keeps a trace of what a browser does, as its developer tools and https://ui.perfetto.dev read it, and sums it up.
import { Buffer } from "node:buffer";
import { writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";

/**
 * Only what becomes of frames: a trace of 2 MB for five seconds, which costs no frame. With the tasks of all threads as well it is
 * several times as large, and what one watches waits for those who write it.
 */
const CATEGORIES = ["disabled-by-default-devtools.timeline.frame"];

/** Does something under a trace, which goes to `file` (packed where that ends in `.gz`); gives what came of it, and the sum of the trace. Without a file, without. */
export async function traced(browser, file, deed) {
  if (file === undefined) return { result: await deed() };
  const session = await browser.newBrowserCDPSession();
  const traceConfig = {
    recordMode: "recordAsMuchAsPossible",
    includedCategories: CATEGORIES,
    // Otherwise what is on by itself is in it, too.
    excludedCategories: ["*"],
  };
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
  const events = JSON.parse(text).traceEvents.filter(({ cat, name }) => cat !== "__metadata" || isName(name));
  const kept = JSON.stringify({ traceEvents: events });
  await writeFile(file, file.endsWith(".gz") ? gzipSync(kept) : kept);
  return { result, trace: summary(events) };
}

/** Of processes and threads only the names are kept: the rest says how this machine is furnished. */
const isName = (name) => name === "thread_name" || name === "process_name";

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

/**
 * What became of the frames that were due while there was something to draw. A frame is whole, or came without what the page's own
 * thread had not ready (that is drawn with a later one; the browser calls it dropped, too), or was left out.
 */
function summary(events) {
  const isPages = pages(events);
  const frames = (name, isOne = () => true) => {
    const of = events.filter((event) => event.name === name && isPages(event) && isOne(event));
    return new Set(of.map(({ pid, args }) => `${pid} ${args.frameSeqId}`));
  };
  const drawn = frames("DrawFrame");
  const partly = frames("DroppedFrame", ({ args }) => args.hasPartialUpdate);
  const dropped = frames("DroppedFrame", ({ args }) => !args.hasPartialUpdate);
  return {
    framesDrawn: drawn.size,
    framesDrawnInPart: [...drawn].filter((frame) => partly.has(frame)).length,
    framesLeftOut: [...dropped].filter((frame) => !drawn.has(frame)).length,
  };
}

/** Whether an event is of a process that has a page. */
function pages(events) {
  const mains = events.filter(({ name, args }) => name === "thread_name" && args?.name === "CrRendererMain");
  const known = new Set(mains.map(({ pid }) => pid));
  return ({ pid }) => known.has(pid);
}
