// The log of a deployment, the newest below, followed as long as the reader is there.
import { memo, useLayoutEffect, useRef, useState } from "react";

import { Untrusted } from "../../text/Untrusted";
import { Button } from "../../ui/Button";
import { Panel } from "../../ui/Panel";
import type { Told } from "./useCourse";

/** So many lines are in the page at most: the last ones. */
const MOST_LINES = 3_000;
/** Whoever is so near to the end is there. */
const NEAR = 40;

interface LogProps {
  project: string;
  number: number;
  told: Told;
  isOn: boolean;
}

export function DeploymentLog({ project, number, told, isOn }: LogProps) {
  const box = useRef<HTMLDivElement>(null);
  const [isFollowing, setFollowing] = useState(true);
  useLayoutEffect(() => {
    if (isFollowing && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [isFollowing, told.log]);

  const all = told.log === "" ? [] : withoutColours(told.log).replace(/\n$/, "").split("\n");
  const lines = all.slice(-MOST_LINES);
  const isCut = told.isCut || lines.length < all.length;
  const path = `/api/v1/projects/${encodeURIComponent(project)}/deployments/${number}/log`;
  return (
    <Panel
      title="Log"
      isFlush
      action={
        <a
          href={path}
          download={`${project}-deployment-${number}.log`}
          className="text-sm text-accent underline"
        >
          Download
        </a>
      }
    >
      <div className="relative">
        <div
          ref={box}
          role="log"
          aria-label="Log of the deployment"
          // Whoever has no mouse scrolls by keys, for which it has to take the focus.
          // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
          tabIndex={0}
          onScroll={({ currentTarget: at }) =>
            setFollowing(at.scrollHeight - at.scrollTop - at.clientHeight < NEAR)
          }
          className="max-h-[70vh] min-h-40 overflow-auto py-2 font-mono text-xs leading-5"
        >
          {isCut && <p className="px-3 pb-2 text-muted">What was before is in the download.</p>}
          {lines.map((line, place) => (
            <Line key={all.length - lines.length + place} text={line} />
          ))}
          {lines.length === 0 && <p className="px-3 text-muted">{isOn ? "Nothing yet." : "It is empty."}</p>}
        </div>
        {!isFollowing && isOn && (
          <Button className="absolute right-3 bottom-3 shadow" onClick={() => setFollowing(true)}>
            To the newest
          </Button>
        )}
      </div>
    </Panel>
  );
}

const Line = memo(function Line({ text }: { text: string }) {
  return (
    <div className="min-h-5 px-3 whitespace-pre-wrap [contain-intrinsic-size:auto_1.25rem] [content-visibility:auto]">
      <Untrusted text={text} />
    </div>
  );
});

/** Colours and movements of the cursor are left out; of a line that was written over, what stood there last. */
export function withoutColours(text: string): string {
  return (
    text
      // eslint-disable-next-line no-control-regex -- escape sequences are what is looked for
      .replace(/\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\-_])/g, "")
      .replace(/\r+\n/g, "\n")
      .replace(/[^\n]*\r(?!\n)/g, "")
  );
}
