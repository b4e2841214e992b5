// The commands of a job in its log: where each begins and ends, and how long it took.
//
// The server knows which lines are the echo of an item of the script. Where it does not say, a line of standard output that begins
// as an echo does is taken for one: what a job prints can then look like a command, and nothing but that.
import type { Line } from "./lines";
import type { Range } from "./rows";

const ECHO = "$ ";
const TRUNCATED = /^(?:log limit reached|the store is full): \d+ further bytes of .+ were dropped$/;

export interface Echo {
  readonly line: number;
  readonly at: number;
}

/** A command and what it printed. */
export interface Group extends Range {
  readonly at: number;
  /** When the next began, or when the last line came. */
  readonly endAt: number;
  readonly isLast: boolean;
}

export function isEcho(line: Line): boolean {
  const first = line.runs[0];
  return first?.stream === "stdout" && first.text.startsWith(ECHO);
}

/** Whether it says that the log is not whole. */
export function isTruncation(line: Line): boolean {
  const first = line.runs[0];
  return first?.stream === "system" && TRUNCATED.test(first.text);
}

export function groupsOf(echoes: readonly Echo[], lines: number, lastAt: number): Group[] {
  return echoes.map(({ line, at }, n) => {
    const next = echoes[n + 1];
    return { first: line, end: next?.line ?? lines, at, endAt: next?.at ?? lastAt, isLast: !next };
  });
}

/** What took less is not worth a look, in milliseconds. */
const BRIEF = 100;

/** How long a command took; null where that is not known yet, or is no time at all. `endedAt`: when what printed the log ended. */
export function tookOf(group: Group, isWhole: boolean, endedAt: number | null): number | null {
  if (group.isLast && !isWhole) return null;
  const end = group.isLast ? Math.max(group.endAt, endedAt ?? 0) : group.endAt;
  const took = end - group.at;
  return took < BRIEF ? null : took;
}

/** The group that a line is in. */
export function groupOf(groups: readonly Group[], line: number): Group | undefined {
  return groups.findLast((group) => group.first <= line && line < group.end);
}

/** Finds echoes in what is there of a log, and looks at no line twice. */
export class EchoFinder {
  #from = 0;
  #to = 0;
  #found: Echo[] = [];

  /** The echoes among the lines from `first` to before `end`, all of which are there and have ended. */
  find(first: number, end: number, lineAt: (n: number) => Line | undefined): readonly Echo[] {
    if (first < this.#from || first > this.#to) [this.#from, this.#to, this.#found] = [first, first, []];
    if (end <= this.#to) return this.#found;
    const added: Echo[] = [];
    for (let n = this.#to; n < end; n += 1) {
      const line = lineAt(n);
      if (line && isEcho(line)) added.push({ line: n, at: line.at });
    }
    this.#to = end;
    if (added.length > 0) this.#found = [...this.#found, ...added];
    return this.#found;
  }
}
