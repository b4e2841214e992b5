// What a pipeline that is followed tells. How it comes here (socket or server-sent events) is no part of it.
import type { Schemas } from "../api/client";

export type LiveState = "connecting" | "live" | "away" | "over" | "refused";

/** A piece of a job's log, as it comes. */
export interface LivePiece {
  job: number;
  attempt: number;
  piece: Schemas["Piece"];
}

/** A pipeline that is followed. Its listeners are told of what comes after they begin to listen. */
export interface LivePipeline {
  readonly state: LiveState;
  onState(listener: (state: LiveState) => void): () => void;
  onEvent(listener: (change: unknown) => void): () => void;
  onLog(listener: (piece: LivePiece) => void): () => void;
}
