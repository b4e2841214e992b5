// What to do when something happens to the connection: a state machine without any connection, clock or chance of its own.
//
// One socket for the page carries all that is followed. Where it is lost, it is opened again and everything goes on from its
// position. Where a socket cannot be opened although the server answers, each thing is followed by server-sent events. Those take
// connections, of which a browser has few for one server, from its other tabs: a page that nobody sees lets go of them.
// Of each thing one log is told at most: the one that somebody looks at, from where he is with it. To be told another one, the thing
// is followed anew from its position, so that no event is told twice or left out.
// Does not know what is followed, and never looks into changes.

import { Heard } from "./heard";
import { keyOf, readMessage, type Message, type Position, type Subject, type WantedLog } from "./messages";
import type { Answered, Ask, Input, Output, Standing, Timer } from "./steps";

export const RESTART = 1012;
export const SIGNED_OUT = 4401;
export const NOT_ALLOWED = 4403;
const NOT_UNDERSTOOD = 4400;

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 15_000;
/** A server that restarts is up again soon. */
const RESTART_DELAY_MS = 150;
/** A connection that has lasted so long was a good one: the next loss begins with short delays. */
const STABLE_MS = 5_000;
/** Nothing was heard for so long: is the server there? A dead network does not close sockets. */
const QUIET_MS = 25_000;
/** Nobody has looked for so long: what happens now is heard of when somebody does. */
const SLEEP_MS = 30 * 60_000;
/** A page with streams was hidden for so long: it is not just passed by on the way to another tab. */
const LET_GO_MS = 2_000;
/** So many sockets in a row did not open although the server answered: something between does not let them through. */
const SOCKETS_REFUSED = 2;
/** No log is so long: whoever is there with a log is told nothing of it. */
const FAR = Number.MAX_SAFE_INTEGER;
/** The server follows 64 things for one socket. */
const MOST_FOLLOWED = 60;

type Phase = "idle" | "opening" | "open" | "asking" | "waiting" | "streams" | "asleep" | "signed_out";

interface Followed {
  readonly subject: Subject;
  readonly heard: Heard;
  /** Its id in this connection. */
  id: number | null;
  standing: Standing;
  /** The log that somebody looks at. */
  log: WantedLog | null;
  /** Whether it is told. */
  isLogTold: boolean;
}

export class Machine {
  #phase: Phase = "idle";
  readonly #followed = new Map<string, Followed>();
  readonly #keys = new Map<number, string>();
  #nextId = 1;
  #losses = 0;
  #notOpened = 0;
  #isRestarting = false;
  #isHidden = false;
  /** Whether it is asleep because its streams were let go of: it wakes to streams. */
  #hasLetGo = false;
  #out: Output[] = [];
  readonly #chance: () => number;

  /** `chance` gives numbers from 0 to below 1. */
  constructor(chance: () => number = Math.random) {
    this.#chance = chance;
  }

  step(input: Input): Output[] {
    this.#out = [];
    this.#take(input);
    return this.#out;
  }

  #take(input: Input): void {
    switch (input.type) {
      case "follow":
        this.#follow(input.subject, input.position);
        break;
      case "leave":
        this.#leave(keyOf(input.subject));
        break;
      case "want_log":
        this.#wantLog(keyOf(input.subject), input.log);
        break;
      case "leave_log":
        if (this.#followed.get(keyOf(input.subject))?.log === input.log)
          this.#wantLog(keyOf(input.subject), null);
        break;
      case "opened":
        this.#opened();
        break;
      case "said":
        this.#said(input.text);
        break;
      case "closed":
        this.#closed(input.code);
        break;
      case "timer":
        this.#timer(input.name);
        break;
      case "answered":
        this.#answered(input.how);
        break;
      case "stream_opened":
        this.#stand(input.key, "live");
        break;
      case "stream_said": {
        const read = readMessage(input.text);
        if (read) this.#told(input.key, read.message);
        break;
      }
      case "stream_lost":
        this.#streamLost(input.key);
        break;
      case "hidden":
        this.#isHidden = true;
        this.#put({ type: "set_timer", name: "sleep", ms: SLEEP_MS });
        if (this.#phase === "streams") this.#put({ type: "set_timer", name: "let_go", ms: LET_GO_MS });
        break;
      case "shown":
        this.#isHidden = false;
        this.#put({ type: "clear_timer", name: "sleep" });
        this.#put({ type: "clear_timer", name: "let_go" });
        this.#hurry();
        break;
      case "online":
        if (!this.#hasLetGo) this.#hurry();
        break;
    }
  }

  #follow(subject: Subject, position: Position | undefined): void {
    const key = keyOf(subject);
    if (this.#followed.has(key)) return;
    const from = position ?? (subject.kind === "deployment" ? { event: 0, log: FAR } : undefined);
    const followed: Followed = {
      subject,
      heard: new Heard(from),
      id: null,
      standing: "connecting",
      log: null,
      isLogTold: false,
    };
    this.#followed.set(key, followed);
    if (this.#followed.size > MOST_FOLLOWED) {
      this.#refuse(key, "too much is followed at once");
      return;
    }
    switch (this.#phase) {
      case "idle":
        this.#open();
        break;
      case "open":
        this.#say(key, followed);
        break;
      case "streams":
        this.#put({ type: "open_stream", key, ask: askFor(followed) });
        break;
      case "signed_out":
        this.#refuse(key, "signed out");
        break;
      default:
        // It is said once there is a connection.
        break;
    }
  }

  #leave(key: string): void {
    const followed = this.#followed.get(key);
    if (!followed) return;
    this.#followed.delete(key);
    if (followed.id !== null) {
      this.#keys.delete(followed.id);
      if (this.#phase === "open") this.#send({ type: "leave", id: followed.id });
    }
    if (this.#phase === "streams") this.#put({ type: "close_stream", key });
  }

  #wantLog(key: string, log: WantedLog | null): void {
    const followed = this.#followed.get(key);
    if (!followed || isFinished(followed)) return;
    const wasTold = followed.isLogTold;
    [followed.log, followed.isLogTold] = [log, false];
    if (wasTold && followed.subject.kind === "deployment") {
      followed.heard.turnTo({ kind: "deployment", offset: FAR });
    }
    if (!this.#beginLog(key, followed) && wasTold) this.#renew(key, followed);
  }

  /** Has the log told that is wanted, if that is possible by now. */
  #beginLog(key: string, followed: Followed): boolean {
    const { log, isLogTold, heard } = followed;
    if (log === null || isLogTold || !heard.turnTo(log)) return false;
    followed.isLogTold = true;
    this.#renew(key, followed);
    return true;
  }

  /** Asks anew for a thing from where we are with it. What is still told of the old asking is not heard. */
  #renew(key: string, followed: Followed): void {
    if (this.#phase === "open" && followed.id !== null) {
      this.#keys.delete(followed.id);
      this.#send({ type: "leave", id: followed.id });
      this.#say(key, followed);
    } else if (this.#phase === "streams") {
      this.#put({ type: "close_stream", key });
      this.#put({ type: "open_stream", key, ask: askFor(followed) });
    }
  }

  #open(): void {
    this.#phase = "opening";
    this.#put({ type: "open" });
  }

  #opened(): void {
    if (this.#phase !== "opening") return;
    this.#phase = "open";
    this.#notOpened = 0;
    this.#isRestarting = false;
    this.#put({ type: "set_timer", name: "stable", ms: STABLE_MS });
    this.#put({ type: "set_timer", name: "quiet", ms: QUIET_MS });
    for (const [key, followed] of this.#unfinished()) this.#say(key, followed);
  }

  /** Asks for a thing from where we are with it. */
  #say(key: string, followed: Followed): void {
    const id = this.#nextId++;
    followed.id = id;
    this.#keys.set(id, key);
    const { subject, position, jobs } = askFor(followed);
    const { kind, project, number } = subject;
    const which =
      kind === "pipeline"
        ? { type: "follow", pipeline: number, jobs }
        : { type: "follow_deployment", deployment: number };
    this.#send({ ...which, id, project, position });
    this.#stand(key, "live");
  }

  #said(text: string): void {
    if (this.#phase !== "open") return;
    this.#losses = 0;
    this.#put({ type: "set_timer", name: "quiet", ms: QUIET_MS });
    const read = readMessage(text);
    if (typeof read?.id !== "number") return;
    // What was left meanwhile is no longer of interest.
    const key = this.#keys.get(read.id);
    if (key !== undefined) this.#told(key, read.message);
  }

  #told(key: string, message: Message): void {
    const followed = this.#followed.get(key);
    if (!followed || isFinished(followed) || !followed.heard.hear(message)) return;
    this.#put({ type: "told", key, message });
    if (message.type === "end") {
      this.#finish(key, followed);
      this.#stand(key, "over");
    } else if (message.type === "refused" || message.type === "failed") {
      this.#finish(key, followed);
      this.#refuse(key, message.detail);
    } else this.#beginLog(key, followed);
  }

  #finish(key: string, followed: Followed): void {
    if (followed.id !== null) this.#keys.delete(followed.id);
    followed.id = null;
    // An event source would begin anew after the end.
    if (this.#phase === "streams") this.#put({ type: "close_stream", key });
  }

  #closed(code: number): void {
    if (this.#phase !== "open" && this.#phase !== "opening") return;
    const wasOpening = this.#phase === "opening";
    this.#loseConnection();
    if (code === SIGNED_OUT) {
      this.#signedOut();
      return;
    }
    if (code === NOT_ALLOWED || code === NOT_UNDERSTOOD) {
      this.#stop(code);
      return;
    }
    if (code === RESTART) {
      this.#isRestarting = true;
      this.#losses = 0;
      this.#wait(this.#chance() * RESTART_DELAY_MS);
    } else if (wasOpening) {
      // A browser does not tell why a socket did not open: a plain request does.
      this.#phase = "asking";
      this.#put({ type: "ask" });
    } else {
      this.#backOff();
    }
  }

  #loseConnection(): void {
    this.#keys.clear();
    this.#put({ type: "clear_timer", name: "stable" });
    this.#put({ type: "clear_timer", name: "quiet" });
    for (const [key, followed] of this.#unfinished()) {
      followed.id = null;
      this.#stand(key, "away");
    }
  }

  #answered(how: Answered): void {
    if (how === "signed_out" && this.#phase !== "idle") {
      if (this.#phase === "open") this.#put({ type: "close" });
      this.#signedOut();
      return;
    }
    if (this.#phase === "open" && how === "away") {
      this.#put({ type: "close" });
      this.#loseConnection();
      this.#backOff();
      return;
    }
    if (this.#phase === "open") {
      this.#put({ type: "set_timer", name: "quiet", ms: QUIET_MS });
      return;
    }
    if (this.#phase !== "asking") return;
    if (how === "here") this.#notOpened += 1;
    if (this.#notOpened >= SOCKETS_REFUSED) this.#openStreams();
    else this.#backOff();
  }

  #signedOut(): void {
    this.#phase = "signed_out";
    this.#put({ type: "clear_timer", name: "retry" });
    for (const [key, followed] of this.#unfinished()) {
      followed.id = null;
      this.#put({ type: "close_stream", key });
      this.#refuse(key, "signed out");
    }
  }

  #stop(code: number): void {
    this.#phase = "idle";
    const why =
      code === NOT_ALLOWED
        ? "this may not be seen any more"
        : "the server did not understand this page: load it again";
    for (const [key] of this.#unfinished()) this.#refuse(key, why);
  }

  #backOff(): void {
    const first = this.#isRestarting ? RESTART_DELAY_MS : FIRST_DELAY_MS;
    const longest = Math.min(LONGEST_DELAY_MS, first * 2 ** this.#losses);
    this.#losses = Math.min(this.#losses + 1, 16);
    // Half of it is chance, so that those who were lost together do not come back together.
    this.#wait(longest * (0.5 + this.#chance() / 2));
  }

  #wait(ms: number): void {
    this.#phase = "waiting";
    this.#put({ type: "set_timer", name: "retry", ms });
  }

  #timer(name: Timer): void {
    switch (name) {
      case "retry":
        if (this.#phase === "waiting") this.#resume();
        break;
      case "stable":
        this.#losses = 0;
        break;
      case "quiet":
        if (this.#phase === "open") this.#put({ type: "ask" });
        break;
      case "sleep":
        if (this.#isHidden && this.#phase !== "signed_out") this.#sleep();
        break;
      case "let_go":
        if (this.#isHidden && this.#phase === "streams") this.#letGo();
        break;
    }
  }

  /** Connects, if there is anything to connect for. */
  #resume(): void {
    if (this.#unfinished().length > 0) this.#open();
    else this.#phase = "idle";
  }

  #sleep(): void {
    if (this.#phase === "open" || this.#phase === "opening") this.#put({ type: "close" });
    for (const [key] of this.#unfinished()) this.#put({ type: "close_stream", key });
    this.#put({ type: "clear_timer", name: "retry" });
    this.#put({ type: "clear_timer", name: "let_go" });
    this.#loseConnection();
    this.#phase = "asleep";
    // After so long a socket may be possible.
    this.#hasLetGo = false;
  }

  /** Nothing is amiss, so that nothing is said to be away. */
  #letGo(): void {
    for (const [key] of this.#unfinished()) {
      this.#put({ type: "close_stream", key });
      this.#stand(key, "connecting");
    }
    this.#phase = "asleep";
    this.#hasLetGo = true;
  }

  /** Somebody looks, or the network is back: no more waiting. */
  #hurry(): void {
    if (this.#phase !== "asleep" && this.#phase !== "waiting") return;
    this.#losses = 0;
    this.#put({ type: "clear_timer", name: "retry" });
    if (this.#hasLetGo) this.#openStreams();
    else this.#resume();
  }

  #openStreams(): void {
    if (this.#isHidden) {
      this.#letGo();
      return;
    }
    this.#phase = "streams";
    this.#hasLetGo = false;
    for (const [key, followed] of this.#unfinished()) {
      this.#put({ type: "open_stream", key, ask: askFor(followed) });
    }
  }

  #streamLost(key: string): void {
    const followed = this.#followed.get(key);
    if (this.#phase !== "streams" || !followed || isFinished(followed)) return;
    // Sockets may be possible now: all begin anew, and it is asked why.
    for (const [other] of this.#unfinished()) this.#put({ type: "close_stream", key: other });
    this.#loseConnection();
    this.#notOpened = SOCKETS_REFUSED - 1;
    this.#backOff();
  }

  #unfinished(): [string, Followed][] {
    return [...this.#followed].filter(([, followed]) => !isFinished(followed));
  }

  #refuse(key: string, detail: string): void {
    this.#stand(key, "refused", detail);
  }

  #stand(key: string, standing: Standing, detail = ""): void {
    const followed = this.#followed.get(key);
    if (!followed || followed.standing === standing) return;
    followed.standing = standing;
    this.#put({ type: "stands", key, standing, detail });
  }

  #send(said: object): void {
    this.#put({ type: "send", text: JSON.stringify(said) });
  }

  #put(output: Output): void {
    this.#out.push(output);
  }
}

function askFor({ subject, heard, log, isLogTold }: Followed): Ask {
  const jobs = log?.kind === "pipeline" && isLogTold ? [log.job] : [];
  return { subject, position: heard.position, jobs };
}

function isFinished(followed: Followed): boolean {
  return followed.standing === "over" || followed.standing === "refused";
}
