// The page's one connection: gives the state machine a socket, timers and the events of the window.
//
// Decides nothing; whatever can be decided is decided in machine.ts.

import { keyOf, type Message, type Position, type Subject, type WantedLog } from "./messages";
import type { Answered, Ask, Input, Output, Standing, Timer } from "./steps";
import { Machine } from "./machine";

/** Who follows a thing. */
export interface Listener {
  message?(message: Message): void;
  standing?(standing: Standing, detail: string): void;
}

/** What of a browser is needed; tests have their own. */
export interface Surroundings {
  socket(): WebSocket;
  stream(path: string): EventSource;
  /** Asks for `path`; gives the status of the answer, and throws where there is none. */
  ask(path: string): Promise<number>;
}

interface Shared {
  readonly subject: Subject;
  readonly listeners: Set<Listener>;
  standing: Standing;
  detail: string;
}

const ASK_PATH = "/api/v1/me";
const ASK_MS = 8_000;

export class Live {
  readonly #machine: Machine;
  readonly #around: Surroundings;
  readonly #shared = new Map<string, Shared>();
  readonly #timers = new Map<Timer, ReturnType<typeof setTimeout>>();
  readonly #streams = new Map<string, EventSource>();
  #socket: WebSocket | null = null;

  constructor(around: Surroundings = browser, machine = new Machine()) {
    this.#around = around;
    this.#machine = machine;
  }

  /** Listens to the window from here on; what is returned ends it. */
  attach(): () => void {
    const seen = (): void => {
      this.#do({ type: document.hidden ? "hidden" : "shown" });
    };
    const online = (): void => {
      this.#do({ type: "online" });
    };
    document.addEventListener("visibilitychange", seen);
    window.addEventListener("online", online);
    // A tab that is opened behind another one is hidden from the beginning, and no event says so.
    if (document.hidden) seen();
    return () => {
      document.removeEventListener("visibilitychange", seen);
      window.removeEventListener("online", online);
    };
  }

  /**
   * Follows a thing until what is returned is called. All who follow the same share it: who comes later hears what comes
   * later, so `from` (the position of what the listener has already) counts for the first one only. Logs are told to nobody who
   * does not want them.
   */
  follow(subject: Subject, listener: Listener, from?: Position): () => void {
    const key = keyOf(subject);
    const known = this.#shared.get(key);
    if (known) {
      known.listeners.add(listener);
      listener.standing?.(known.standing, known.detail);
    } else {
      this.#shared.set(key, { subject, listeners: new Set([listener]), standing: "connecting", detail: "" });
      this.#do({ type: "follow", subject, position: from });
    }
    return () => {
      this.#leave(key, listener);
    };
  }

  /**
   * Has a log of something that is followed told, too, until what is returned is called. Of each thing it is the log that was
   * wanted last.
   */
  wantLog(subject: Subject, log: WantedLog): () => void {
    this.#do({ type: "want_log", subject, log });
    return () => {
      this.#do({ type: "leave_log", subject, log });
    };
  }

  /** How something stands that is followed. */
  standingOf(subject: Subject): Standing {
    return this.#shared.get(keyOf(subject))?.standing ?? "connecting";
  }

  #leave(key: string, listener: Listener): void {
    const shared = this.#shared.get(key);
    if (!shared?.listeners.delete(listener) || shared.listeners.size > 0) return;
    this.#shared.delete(key);
    this.#do({ type: "leave", subject: shared.subject });
  }

  #do(input: Input): void {
    for (const output of this.#machine.step(input)) this.#carryOut(output);
  }

  #carryOut(output: Output): void {
    switch (output.type) {
      case "open":
        this.#open();
        break;
      case "close":
        this.#forget()?.close();
        break;
      case "send":
        this.#socket?.send(output.text);
        break;
      case "ask":
        void this.#ask();
        break;
      case "set_timer":
        clearTimeout(this.#timers.get(output.name));
        this.#timers.set(
          output.name,
          setTimeout(() => {
            this.#do({ type: "timer", name: output.name });
          }, output.ms),
        );
        break;
      case "clear_timer":
        clearTimeout(this.#timers.get(output.name));
        break;
      case "open_stream":
        this.#openStream(output.key, output.ask);
        break;
      case "close_stream":
        this.#streams.get(output.key)?.close();
        this.#streams.delete(output.key);
        break;
      case "told":
        for (const listener of this.#listeners(output.key)) listener.message?.(output.message);
        break;
      case "stands":
        this.#stands(output.key, output.standing, output.detail);
        break;
    }
  }

  #listeners(key: string): Listener[] {
    return [...(this.#shared.get(key)?.listeners ?? [])];
  }

  #stands(key: string, standing: Standing, detail: string): void {
    const shared = this.#shared.get(key);
    if (shared) [shared.standing, shared.detail] = [standing, detail];
    for (const listener of this.#listeners(key)) listener.standing?.(standing, detail);
  }

  #open(): void {
    const socket = this.#around.socket();
    this.#socket = socket;
    // What comes of a socket that was given up is of no interest.
    const isOurs = (): boolean => this.#socket === socket;
    socket.onopen = () => {
      if (isOurs()) this.#do({ type: "opened" });
    };
    socket.onmessage = (event: MessageEvent<unknown>) => {
      if (isOurs() && typeof event.data === "string") this.#do({ type: "said", text: event.data });
    };
    socket.onclose = (event) => {
      if (!isOurs()) return;
      this.#socket = null;
      this.#do({ type: "closed", code: event.code });
    };
  }

  #forget(): WebSocket | null {
    const socket = this.#socket;
    this.#socket = null;
    return socket;
  }

  async #ask(): Promise<void> {
    let how: Answered = "away";
    try {
      const status = await this.#around.ask(ASK_PATH);
      if (status === 401) how = "signed_out";
      else if (status < 500) how = "here";
    } catch {
      // Whatever the reason is: the server cannot be reached.
    }
    this.#do({ type: "answered", how });
  }

  #openStream(key: string, { subject, position, jobs }: Ask): void {
    const query = new URLSearchParams();
    if (subject.kind === "pipeline") query.set("jobs", jobs.join(","));
    if (position) query.set("position", JSON.stringify(position));
    const project = encodeURIComponent(subject.project);
    const path = `/api/v1/projects/${project}/${subject.kind}s/${String(subject.number)}/events?${query.toString()}`;
    const stream = this.#around.stream(path);
    this.#streams.set(key, stream);
    const isOurs = (): boolean => this.#streams.get(key) === stream;
    stream.onopen = () => {
      if (isOurs()) this.#do({ type: "stream_opened", key });
    };
    // The browser's own way of coming back is not used: it knows neither our delays nor why.
    stream.onerror = () => {
      if (isOurs()) this.#do({ type: "stream_lost", key });
    };
    for (const kind of ["event", "log", "end", "refused", "failed"]) {
      stream.addEventListener(kind, (event: MessageEvent<unknown>) => {
        if (isOurs() && typeof event.data === "string")
          this.#do({ type: "stream_said", key, text: event.data });
      });
    }
  }
}

const browser: Surroundings = {
  socket: () => new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`),
  stream: (path) => new EventSource(path),
  ask: async (path) => {
    const answer = await fetch(path, { signal: AbortSignal.timeout(ASK_MS), cache: "no-store" });
    return answer.status;
  },
};
