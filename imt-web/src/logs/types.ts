// What a page tells the log viewer. The viewer knows nothing of pages.
import type { LiveLog } from "../live/types";
import type { LogSource } from "./source";

export interface LogViewerProps {
  /** Where it is read from; another one is another log. */
  source: LogSource;
  /** The log as it comes; null where nothing more does. */
  live: LiveLog | null;
  /** Whether it has ended, so that the log is whole. */
  isOver: boolean;
  /** When what printed it ended, in milliseconds, where that is known: its last command took until then. */
  endedAt?: number | null;
  /** Whether it ended badly, so that there is a failing line to jump to. */
  isBad: boolean;
  /** What the address of the page must say, beside the lines, to show this log: parameters by their names. */
  address: Readonly<Record<string, string>>;
  /** Whether long lines are wrapped while the reader has not said otherwise. */
  wraps?: boolean;
}
