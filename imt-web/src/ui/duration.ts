// Times and spans as words. Pure: it is told what time it is.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long something takes or took: `850 ms`, `12.4 s`, `3m 05s`, `2h 07m`. */
export function spanText(ms: number): string {
  const span = Math.max(0, ms);
  if (span < SECOND) return `${Math.round(span)} ms`;
  if (span < 10 * SECOND) return `${(Math.floor(span / 100) / 10).toFixed(1)} s`;
  if (span < MINUTE) return `${Math.floor(span / SECOND)} s`;
  if (span < HOUR) return `${Math.floor(span / MINUTE)}m ${two((span % MINUTE) / SECOND)}s`;
  if (span < DAY) return `${Math.floor(span / HOUR)}h ${two((span % HOUR) / MINUTE)}m`;
  return `${Math.floor(span / DAY)}d ${two((span % DAY) / HOUR)}h`;
}

/** How long something goes on already: whole seconds, so that it does not flicker. */
export function runningText(ms: number): string {
  return ms < MINUTE ? `${Math.max(0, Math.floor(ms / SECOND))} s` : spanText(ms);
}

function two(value: number): string {
  return String(Math.floor(value)).padStart(2, "0");
}

/** When something was, or will be, as seen from `now`. */
export function relativeText(at: number, now: number): string {
  const away = Math.abs(now - at);
  // Clocks differ a little: what is a second ahead has just happened.
  if (away < 5 * SECOND) return "just now";
  const text = coarse(away);
  return at <= now ? `${text} ago` : `in ${text}`;
}

function coarse(span: number): string {
  if (span < MINUTE) return `${Math.floor(span / SECOND)} s`;
  if (span < HOUR) return `${Math.floor(span / MINUTE)} min`;
  if (span < DAY) return `${Math.floor(span / HOUR)} h`;
  if (span < 60 * DAY) return count(Math.floor(span / DAY), "day");
  if (span < 730 * DAY) return count(Math.floor(span / (30.44 * DAY)), "month");
  return count(Math.floor(span / (365.25 * DAY)), "year");
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${grouped(number)} ${number === 1 ? one : many}`;
}

/** A whole number in groups of three digits. By hand: a browser that has just been started takes 16 ms for the first thing that it says in a language's form. */
export function grouped(number: number): string {
  return String(number).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

export function exactText(at: number): string {
  return new Date(at).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "long" });
}
