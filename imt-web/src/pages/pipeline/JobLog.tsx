// The end of a job's log as plain text. It shows nothing but that.
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

import { problemOf } from "../../api/client";
import type { LogViewerProps } from "../../logs/types";
import { UntrustedLines } from "../../text/Untrusted";
import { Answered } from "../../ui/Panel";

const TAIL = 64 * 1024;

export function JobLog({ project, pipeline, job, attempt, isOver }: LogViewerProps) {
  const end = useRef<HTMLDivElement>(null);
  const path = `/api/v1/projects/${encodeURIComponent(project)}/pipelines/${pipeline}/jobs/${job}/log`;
  const query = useQuery({
    queryKey: ["project", project, "log", pipeline, job, attempt, isOver],
    queryFn: async ({ signal }) => {
      const of = attempt === undefined ? "" : `&attempt=${attempt}`;
      const response = await fetch(`${path}?tail=${TAIL}${of}`, { signal });
      if (!response.ok) throw problemOf(await response.json().catch(() => null), response);
      return response.text();
    },
    refetchInterval: isOver ? false : 1_000,
  });
  useEffect(() => {
    end.current?.scrollIntoView({ block: "nearest" });
  }, [query.data]);
  return (
    <Answered query={query}>
      {(text) => (
        // Whoever has no mouse scrolls by keys, for which it has to take the focus.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <div role="log" aria-label="Log" tabIndex={0} className="h-full overflow-auto p-3">
          <UntrustedLines text={text} className="font-mono text-xs" />
          <div ref={end} />
        </div>
      )}
    </Answered>
  );
}
