// What can happen to the connection, and what is then to be done: the words of the state machine and of its shell.
//
// No behaviour.
import type { Message, Position, Subject, WantedLog } from "./messages";

/** How a thing that is followed stands. */
export type Standing = "connecting" | "live" | "away" | "over" | "refused";

export type Input =
  | { type: "follow"; subject: Subject; position?: Position | undefined }
  | { type: "leave"; subject: Subject }
  | { type: "want_log"; subject: Subject; log: WantedLog }
  | { type: "leave_log"; subject: Subject; log: WantedLog }
  | { type: "opened" }
  | { type: "said"; text: string }
  | { type: "closed"; code: number }
  | { type: "timer"; name: Timer }
  | { type: "answered"; how: Answered }
  | { type: "stream_opened"; key: string }
  | { type: "stream_said"; key: string; text: string }
  | { type: "stream_lost"; key: string }
  | { type: "hidden" }
  | { type: "shown" }
  | { type: "online" };

/** How the server answers a plain request: that it is there, that we are signed out, or not at all. */
export type Answered = "here" | "signed_out" | "away";

export type Timer = "retry" | "stable" | "quiet" | "sleep" | "let_go";

/** Asks to be told of a thing, from where we are with it. */
export interface Ask {
  subject: Subject;
  position: Position | undefined;
  /** Of a pipeline: the jobs whose logs are told. */
  jobs: readonly number[];
}

export type Output =
  | { type: "open" }
  | { type: "close" }
  | { type: "send"; text: string }
  | { type: "ask" }
  | { type: "set_timer"; name: Timer; ms: number }
  | { type: "clear_timer"; name: Timer }
  | { type: "open_stream"; key: string; ask: Ask }
  | { type: "close_stream"; key: string }
  | { type: "told"; key: string; message: Message }
  | { type: "stands"; key: string; standing: Standing; detail: string };
