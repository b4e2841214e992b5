// A log, or some lines of it, into the clipboard.
//
// Does not know who wants it; says what came of it in words.
import { count } from "../ui/duration";
import { cook, NO_STYLES, textOf } from "./cook";
import { LineReader } from "./lines";
import type { Range } from "./rows";
import type { LogSource } from "./source";
import type { LogStore } from "./store";

/** More is nothing for a clipboard: it can be downloaded. */
const MOST_BYTES = 8 << 20;
const MOST_LINE = 1 << 20;

export async function copy(source: LogSource, store: LogStore, range: Range | null): Promise<string> {
  if (!range && store.bytes > MOST_BYTES) return "The log is too long to be copied: download it.";
  const { first, end } = range ?? { first: 0, end: store.lines };
  try {
    const text = await read(source, first, end);
    await navigator.clipboard.writeText(text);
    return `${count(end - first, "line")} copied.`;
  } catch {
    return "It could not be copied.";
  }
}

async function read(source: LogSource, first: number, end: number): Promise<string> {
  const reader = new LineReader();
  const texts: string[] = [];
  const { signal } = new AbortController();
  let page = await source.read({ line: first }, signal);
  while (texts.length < end - first && page.items.length > 0) {
    for (const piece of page.items) reader.push(piece);
    for (const { runs } of reader.drain()) texts.push(plain(runs));
    if (texts.length < end - first) page = await source.read({ offset: page.next_offset }, signal);
  }
  if (reader.open) texts.push(plain(reader.open.runs));
  return texts.slice(0, end - first).join("\n");
}

function plain(runs: Parameters<typeof cook>[0]): string {
  return textOf(cook(runs, NO_STYLES, MOST_LINE));
}
