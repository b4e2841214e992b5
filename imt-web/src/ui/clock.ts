// One clock for all that shows time, so that a page of many times has one timer. It stops when nobody looks.
import { useSyncExternalStore } from "react";

function ticking(everyMs: number) {
  const listeners = new Set<() => void>();
  let now = Date.now();
  let timer: ReturnType<typeof setInterval> | undefined;
  const tick = () => {
    now = Date.now();
    for (const listener of listeners) listener();
  };
  return {
    subscribe: (listener: () => void) => {
      listeners.add(listener);
      if (timer === undefined) {
        now = Date.now();
        timer = setInterval(tick, everyMs);
      }
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) {
          clearInterval(timer);
          timer = undefined;
        }
      };
    },
    read: () => now,
  };
}

const seconds = ticking(1000);
const slow = ticking(10_000);
const never = { subscribe: () => () => undefined, read: () => 0 };

/** The time, anew each second; without `isOn` nothing is rendered again. */
export function useSecond(isOn = true): number {
  const clock = isOn ? seconds : never;
  return useSyncExternalStore(clock.subscribe, clock.read);
}

/** The time, every ten seconds. */
export function useSlowNow(): number {
  return useSyncExternalStore(slow.subscribe, slow.read);
}
