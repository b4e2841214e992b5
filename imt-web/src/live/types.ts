// What a pipeline that is followed tells. How it comes here (socket or server-sent events) is no part of it.
import type { Piece } from "./messages";

export type LiveState = "connecting" | "live" | "away" | "over" | "refused";

/** A pipeline that is followed. Its listeners are told of what comes after they begin to listen. */
export interface LivePipeline {
  readonly state: LiveState;
  onState(listener: (state: LiveState) => void): () => void;
  onEvent(listener: (change: unknown) => void): () => void;
}

/** A log that is told as it comes. */
export interface LiveLog {
  readonly state: LiveState;
  /** Tells what comes from a byte on, until what is returned is called. Some of what was before may be told again. */
  follow(offset: number, listener: (piece: Piece) => void): () => void;
}
