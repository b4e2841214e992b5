// The log of a job or of a deployment, as it is told over the page's connection.
//
// Does not know what of it is there already: who follows says so.
import type { Live } from "./live";
import type { Subject, WantedLog } from "./messages";
import type { LiveLog } from "./types";

/** An attempt of a job. */
export interface AttemptOf {
  readonly project: string;
  readonly pipeline: number;
  readonly job: number;
  /** Which one, counted from 1. */
  readonly attempt: number;
  /** The id of the pipeline. */
  readonly pipelineId: string;
}

export function attemptLog(live: Live, of: AttemptOf): LiveLog {
  const { project, pipeline, job, attempt, pipelineId } = of;
  const id = `${pipelineId}.${String(job)}.${String(attempt)}`;
  return logOf(
    live,
    { kind: "pipeline", project, number: pipeline },
    (offset) => ({ kind: "pipeline", job, attempt: id, offset }),
    (told) => told.job === job && told.attempt === attempt,
  );
}

export function deploymentLog(live: Live, project: string, number: number): LiveLog {
  return logOf(
    live,
    { kind: "deployment", project, number },
    (offset) => ({ kind: "deployment", offset }),
    () => true,
  );
}

function logOf(
  live: Live,
  subject: Subject,
  wanted: (offset: number) => WantedLog,
  isOurs: (told: { job?: number; attempt?: number }) => boolean,
): LiveLog {
  return {
    get state() {
      return live.standingOf(subject);
    },
    follow: (offset, listener) => {
      const leave = live.follow(subject, {
        message: (message) => {
          if (message.type === "log" && isOurs(message)) listener(message);
        },
      });
      const leaveLog = live.wantLog(subject, wanted(offset));
      return () => {
        leaveLog();
        leave();
      };
    },
  };
}
