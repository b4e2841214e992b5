// How a deployment that is watched stands, in a place of always the same size: what comes next, or how it ended, moves nothing.
import type { Deployment } from "../../api/queries";
import { plain } from "../../text/marks";
import { Untrusted } from "../../text/Untrusted";
import { StatusIcon, TONE_SOFT } from "../../ui/StatusIcon";
import { toneOf } from "../../ui/status";
import { nowOf } from "./now";
import type { Course } from "./steps";

export function NowStrip({ deployment, course }: { deployment: Deployment; course: Course }) {
  const { status, text } = nowOf(deployment, course);
  return (
    <p
      title={plain(text)}
      className={`flex h-[calc(2lh+1rem)] items-center gap-2.5 rounded-md px-3 py-2 text-sm lg:h-[calc(1lh+1rem)] ${TONE_SOFT[toneOf(status)]}`}
    >
      <StatusIcon status={status} />
      <span className="line-clamp-2 min-w-0 wrap-anywhere lg:line-clamp-1">
        <Untrusted text={text} />
      </span>
    </p>
  );
}
