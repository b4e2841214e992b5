// How something that is watched stands, in a place of always the same size: what comes next, or how it ended, moves nothing.
import { Coded } from "../text/Coded";
import { plain } from "../text/marks";
import { Scrolled } from "./Scrolled";
import { StatusIcon, TONE_SOFT } from "./StatusIcon";
import { toneOf } from "./status";

export interface Now {
  /** The status whose sign and colours it has. */
  status: string;
  text: string;
}

export function NowLine({ status, text }: Now) {
  return (
    <div
      title={plain(text)}
      className={`flex h-[calc(2lh+1rem)] items-center gap-2.5 rounded-md px-3 py-2 text-sm lg:h-[calc(1lh+1rem)] ${TONE_SOFT[toneOf(status)]}`}
    >
      <StatusIcon status={status} />
      <Scrolled as="p" className="max-h-full min-w-0 wrap-anywhere">
        <Coded text={text} />
      </Scrolled>
    </div>
  );
}
