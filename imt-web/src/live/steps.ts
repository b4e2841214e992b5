// What can happen to the connection, and what is then to be done: the words of the state machine and of its shell.
//
// No behaviour.
import type { Message, Position, Subject } from "./messages";

/** How a thing that is followed stands. */
export type Standing = "connecting" | "live" | "away" | "over" | "refused";

export type Input =
  | { type: "follow"; subject: Subject; position?: Position | undefined }
  | { type: "leave"; subject: Subject }
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

export type Timer = "retry" | "stable" | "quiet" | "sleep";

export type Output =
  | { type: "open" }
  | { type: "close" }
  | { type: "send"; text: string }
  | { type: "ask" }
  | { type: "set_timer"; name: Timer; ms: number }
  | { type: "clear_timer"; name: Timer }
  | { type: "open_stream"; key: string; subject: Subject; position: Position | undefined }
  | { type: "close_stream"; key: string }
  | { type: "told"; key: string; message: Message }
  | { type: "stands"; key: string; standing: Standing; detail: string };
