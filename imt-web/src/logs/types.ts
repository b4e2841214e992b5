// What a page tells the log viewer. The viewer knows nothing of pages.
import type { LivePipeline } from "../live/types";

export interface LogViewerProps {
  /** The project's name. */
  project: string;
  /** The pipeline's number. */
  pipeline: number;
  /** The job's place in the pipeline, counted from 0. */
  job: number;
  /** Which try; absent: the last one. */
  attempt?: number;
  /** The pipeline as it is followed; null where nothing more comes. */
  live: LivePipeline | null;
  /** Whether this try has ended, so that its log is whole. */
  isOver: boolean;
  /** Whether it ended badly, so that there is a failing line to jump to. */
  isBad: boolean;
}
