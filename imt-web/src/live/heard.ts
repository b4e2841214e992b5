// How far a follower has come, and whether a message is new.
//
// Does not know how messages come. A position only grows: what is at or before it was told already and is dropped, so that a
// reconnect neither repeats nor, since it is what is sent to resume, leaves out anything.

import type { LogMessage, Message, Position, WantedLog } from "./messages";

export class Heard {
  #position: Position | undefined;
  /** The first byte not heard of each log. The server's position forgets logs that are whole; this does not. */
  readonly #ends = new Map<string, number>();

  constructor(from?: Position) {
    this.#position = from;
    for (const [attempt, end] of Object.entries(from?.logs ?? {})) this.#ends.set(shortName(attempt), end);
    if (from?.log !== undefined) this.#ends.set("", from.log);
  }

  /** What to send to go on from here; absent: from the beginning. */
  get position(): Position | undefined {
    return this.#position;
  }

  /**
   * Goes on with a log from its byte on, whatever was heard of it. Not before its attempt was heard to begin, or what the attempts
   * before have printed would be told as well; says whether it was.
   */
  turnTo(log: WantedLog): boolean {
    const { offset } = log;
    if (log.kind === "deployment") {
      this.#position = { event: this.#position?.event ?? 0, log: offset };
      this.#ends.set("", offset);
      return true;
    }
    const logs = this.#position?.logs;
    if (!this.#position || logs?.[log.attempt] === undefined) return false;
    // The others stay, so that one can go on with them later.
    this.#position = { ...this.#position, logs: { ...logs, [log.attempt]: offset } };
    this.#ends.set(shortName(log.attempt), offset);
    return true;
  }

  /** Notes a message; says whether it is new. */
  hear(message: Message): boolean {
    switch (message.type) {
      case "event":
        if (message.position.event <= (this.#position?.event ?? 0)) return false;
        break;
      case "log": {
        const name = message.job === undefined ? "" : `${String(message.job)}.${String(message.attempt)}`;
        const end = endOf(message, name);
        const before = this.#ends.get(name) ?? 0;
        if (end !== undefined && end <= before) return false;
        if (end === undefined && message.offset < before) return false;
        this.#ends.set(name, end ?? message.offset + 1);
        break;
      }
      default:
        return true;
    }
    this.#position = message.position;
    return true;
  }
}

/** The first byte after a piece, by the position that it came with. */
function endOf(message: LogMessage, name: string): number | undefined {
  if (name === "") return message.position.log;
  for (const [attempt, end] of Object.entries(message.position.logs ?? {})) {
    if (shortName(attempt) === name) return end;
  }
  return undefined;
}

/** `JOB.ATTEMPT` of an attempt's id, `PIPELINE.JOB.ATTEMPT`. */
function shortName(attempt: string): string {
  return attempt.slice(attempt.indexOf(".") + 1);
}
