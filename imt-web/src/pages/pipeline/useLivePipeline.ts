// A pipeline as it stands, kept up to date: what happens is told live, and then the server is asked how it stands now.
// While nothing can be told live it is asked from time to time.
import { useQuery, useQueryClient, type UseQueryResult } from "@tanstack/react-query";
import { useContext, useEffect, useMemo } from "react";

import { asks, type Pipeline } from "../../api/queries";
import type { LiveState } from "../../live/types";
import { LiveContext, useFollowed, useLiveState } from "../../live/useLive";
import { isOver } from "../../ui/status";

/** So long at least it is until it is asked again how things stand: a pipeline of many short jobs tells a lot. */
function pause(jobs: number): number {
  return jobs > 100 ? 1_000 : 250;
}

export interface Followed {
  query: UseQueryResult<Pipeline>;
  state: LiveState;
}

export function useLivePipeline(project: string, number: number): Followed {
  const queries = useQueryClient();
  const ask = useMemo(() => asks.pipeline(project, number), [project, number]);
  const whole = useMemo(() => ({ kind: "pipeline" as const, project, number }), [project, number]);
  const connection = useContext(LiveContext);
  const query = useQuery({
    ...ask,
    // A page that is hidden may have let go of what it follows: its title and icon are kept true.
    refetchIntervalInBackground: connection?.standingOf(whole) === "connecting",
    refetchInterval: ({ state }) => (state.data !== undefined && isSettled(state.data) ? false : 5_000),
  });
  const isFollowed = query.data !== undefined && !isOver(query.data.status);
  const live = useFollowed(isFollowed ? whole : null);
  const jobs = query.data?.jobs.length ?? 0;
  const state = useLiveState(live);

  useEffect(() => {
    if (live === null) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = live.onEvent(() => {
      timer ??= setTimeout(() => {
        timer = undefined;
        void queries.invalidateQueries({ queryKey: ask.queryKey });
      }, pause(jobs));
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [live, queries, ask, jobs]);

  useEffect(() => {
    if (state === "over") void queries.invalidateQueries({ queryKey: ask.queryKey });
  }, [state, queries, ask]);

  return { query, state };
}

/** Whether nothing more comes of a pipeline: neither of it, nor of the deployments that follow it. */
function isSettled(pipeline: Pipeline): boolean {
  return isOver(pipeline.status) && pipeline.deployments.every((deployment) => isOver(deployment.status));
}
