// What the server says while something is followed, and how far one has come.
//
// Does not know of sockets: the same messages come over a socket and as server-sent events.
import type { Schemas } from "../api/client";

/** How far a follower has come. To be sent back as it was told. */
export interface Position {
  readonly event: number;
  /** Of a pipeline: attempts that run, each with the first byte of its log that was not told. */
  readonly logs?: Readonly<Record<string, number>>;
  /** Of a deployment: the first byte of its log that was not told. */
  readonly log?: number;
}

/** What can be followed. */
export type Subject =
  | { readonly kind: "pipeline"; readonly project: string; readonly number: number }
  | { readonly kind: "deployment"; readonly project: string; readonly number: number };

/** A log that is to be told, and its first byte that is not there yet. */
export type WantedLog =
  | {
      readonly kind: "pipeline";
      readonly job: number;
      /** The id of the attempt. */
      readonly attempt: string;
      readonly offset: number;
    }
  | { readonly kind: "deployment"; readonly offset: number };

/** A change, as the server records it. What kinds there are is the business of whoever shows them. */
export interface Change {
  readonly at: string;
  readonly kind: { readonly type: string } & Readonly<Record<string, unknown>>;
}

/** A piece of a log: bytes of one stream that came at one time. */
export type Piece = Schemas["Piece"];

export interface EventMessage {
  readonly type: "event";
  readonly change: Change;
  readonly position: Position;
}

/** `job` and `attempt` are absent in the log of a deployment. */
export type LogMessage = Piece & {
  readonly type: "log";
  readonly job?: number;
  readonly attempt?: number;
  readonly position: Position;
};

export interface ClosingMessage {
  readonly type: "refused" | "failed";
  readonly code: string;
  readonly detail: string;
}

export type Message = EventMessage | LogMessage | { readonly type: "end" } | ClosingMessage;

/** The name of a subject, one for each. */
export function keyOf(subject: Subject): string {
  return `${subject.kind} ${subject.project} ${String(subject.number)}`;
}

/** Reads what the server said; `null` for what is no message of it. */
export function readMessage(text: string): { id: number | null; message: Message } | null {
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(said)) return null;
  const { id, ...rest } = said;
  const message = asMessage(rest);
  return message && { id: typeof id === "number" ? id : null, message };
}

function asMessage(said: Unknown): Message | null {
  switch (said.type) {
    case "end":
      return { type: "end" };
    case "refused":
    case "failed":
      return { type: said.type, code: textOf(said.code), detail: textOf(said.detail) };
    case "event":
      return isRecord(said.change) && isPosition(said.position) ? (said as unknown as EventMessage) : null;
    case "log":
      return typeof said.offset === "number" && isPosition(said.position)
        ? (said as unknown as LogMessage)
        : null;
    default:
      // A newer server may say more than we know.
      return null;
  }
}

/** An object of which nothing is known. */
interface Unknown {
  id?: unknown;
  type?: unknown;
  code?: unknown;
  detail?: unknown;
  change?: unknown;
  position?: unknown;
  offset?: unknown;
  event?: unknown;
}

function isRecord(value: unknown): value is Unknown {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isPosition(value: unknown): value is Position {
  return isRecord(value) && typeof value.event === "number";
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
