// What acts of every kind do and see: a push, a pipeline and its log.
import { push } from "./repository.mjs";

/** What a browser says of its own accord where a server does not answer. */
export const AWAY = /Failed to load resource|WebSocket connection|ERR_CONNECTION|net::ERR/;

export const LINES = 400;

/** The command that prints these lines. */
export function printing(from, to) {
  return `i=${from}; while [ $i -le ${to} ]; do echo "line $i"; i=$((i+1)); done`;
}

export function says(page, text) {
  return page.getByRole("log").getByText(text, { exact: true }).waitFor();
}

export function standsAt(page, status) {
  return page.locator("header [aria-live=polite]").first().getByText(status, { exact: true }).waitFor();
}

export async function tell(story, branch, commit) {
  const { hook, secret } = story;
  const status = await push({ hook, secret, branch, commit });
  if (status !== 202) throw new Error(`a push of ${JSON.stringify(branch)} was answered with ${status}`);
}

export function attempt(page, number) {
  return page.getByRole("navigation", { name: "Attempts" }).getByRole("link", { name: `attempt ${number}` });
}

/** Throws where the lines that were printed are not all in a log, in their order and once. */
export function hasLines(log, count) {
  const lines = log.filter((line) => /^line \d+$/.test(line));
  const wrong = lines.findIndex((line, at) => line !== `line ${at + 1}`);
  if (wrong >= 0) throw new Error(`line ${wrong + 1} of the log is ${JSON.stringify(lines[wrong])}`);
  if (lines.length !== count) throw new Error(`the log has ${lines.length} lines for ${count}`);
}
