// A pipeline that is followed, as its page wants it: who listens to what.
//
// Does not know how messages come, or what changes mean.

import type { Live } from "./live";
import type { Message, Position, Subject } from "./messages";
import type { Standing } from "./steps";
import type { LivePipeline, LiveState } from "./types";

export class FollowedPipeline implements LivePipeline {
  readonly #states = new Set<(state: LiveState) => void>();
  readonly #events = new Set<(change: unknown) => void>();
  #state: Standing = "connecting";
  #detail = "";

  get state(): LiveState {
    return this.#state;
  }

  /** Why it is refused, for people. */
  get detail(): string {
    return this.#detail;
  }

  /** Follows until what is returned is called. `from`: the position of what is shown already. */
  begin(live: Live, subject: Subject, from?: Position): () => void {
    const listener = {
      message: (message: Message) => {
        this.#hear(message);
      },
      standing: (standing: Standing, detail: string) => {
        [this.#state, this.#detail] = [standing, detail];
        for (const listener of this.#states) listener(standing);
      },
    };
    return live.follow(subject, listener, from);
  }

  onState(listener: (state: LiveState) => void): () => void {
    return added(this.#states, listener);
  }

  onEvent(listener: (change: unknown) => void): () => void {
    return added(this.#events, listener);
  }

  #hear(message: Message): void {
    if (message.type === "event") for (const listener of this.#events) listener(message.change);
  }
}

function added<T>(set: Set<T>, listener: T): () => void {
  set.add(listener);
  return () => set.delete(listener);
}
