// A log for a component: read, followed, and told of when it changes, once for each frame at most.
//
// Does not know what is shown of it.
import { useEffect, useMemo, useRef, useState } from "react";

import { EchoFinder, groupsOf, type Echo, type Group } from "./groups";
import { Searcher, type Search } from "./search";
import { jobLog, type LogSource } from "./source";
import { LogStore } from "./store";
import type { LogViewerProps } from "./types";

/** How often it is looked for more while nothing is told live, and while it is, to be sure. */
const AWAY_MS = 1_000;
const SURE_MS = 10_000;

export interface Log {
  readonly source: LogSource;
  readonly store: LogStore;
  readonly groups: readonly Group[];
}

export function useLog(props: LogViewerProps): Log {
  const { project, pipeline, job, attempt, live, isOver } = props;
  const source = useMemo(() => jobLog(project, pipeline, job, attempt), [project, pipeline, job, attempt]);
  const [made, setMade] = useState(() => ({ source, store: new LogStore(source) }));
  const store = made.store;

  useEffect(() => {
    // A store that was closed is not opened again, as when React tries effects twice.
    const opened = new LogStore(source);
    setMade({ source, store: opened });
    void opened.refresh();
    return () => opened.close();
  }, [source]);

  useEffect(() => {
    if (!live) return;
    return live.onLog((told) => {
      if (told.job === job && (attempt === undefined || told.attempt === attempt)) store.push(told.piece);
    });
  }, [live, store, job, attempt]);

  useEffect(() => {
    if (isOver) {
      void store.refresh();
      return;
    }
    let timer: ReturnType<typeof setTimeout>;
    const look = (): void => {
      timer = setTimeout(
        () => {
          if (!document.hidden && !store.isWhole) void store.refresh();
          look();
        },
        live?.state === "live" ? SURE_MS : AWAY_MS,
      );
    };
    look();
    return () => clearTimeout(timer);
  }, [store, live, isOver]);

  useChanges(store);
  return { source, store, groups: useGroups(source, store) };
}

/** Draws the component anew when the thing has changed, once for each frame at most. */
function useChanges(of: { subscribe: (listener: () => void) => () => void }): void {
  const [, count] = useState(0);
  useEffect(() => {
    let frame = 0;
    const stop = of.subscribe(() => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        count((n) => n + 1);
      });
    });
    count((n) => n + 1);
    return () => {
      stop();
      cancelAnimationFrame(frame);
    };
  }, [of]);
}

/** The commands: those that the server knows, and those among what is there at the end. */
function useGroups(source: LogSource, store: LogStore): readonly Group[] {
  const [known, setKnown] = useState<{ source: LogSource; echoes: readonly Echo[] } | null>(null);
  const finder = useRef<{ store: LogStore; finder: EchoFinder }>(null);
  const { isWhole } = store;
  useEffect(() => {
    const abort = new AbortController();
    source
      .commands(abort.signal)
      .then((commands) => {
        if (!commands) return;
        setKnown({ source, echoes: commands.map(({ line, at }) => ({ line, at: Date.parse(at) })) });
      })
      .catch(() => {
        // Without them there is nothing to fold but what is found here.
      });
    return () => abort.abort();
  }, [source, isWhole]);

  if (store.phase !== "ready") return NO_GROUPS;
  if (finder.current?.store !== store) finder.current = { store, finder: new EchoFinder() };
  const from = store.joinedFrom;
  const found = finder.current.finder.find(from, store.ended, (n) => store.line(n)?.line);
  const told = known?.source === source ? known.echoes : NO_ECHOES;
  const lastTold = told.at(-1)?.line ?? -1;
  const isTold = isWhole && told.length > 0;
  const echoes = isTold ? told : [...told, ...found.filter((echo) => echo.line > lastTold)];
  return groupsOf(echoes, store.lines, store.lastAt);
}

const NO_GROUPS: readonly Group[] = [];
const NO_ECHOES: readonly Echo[] = [];

export function useSearch(source: LogSource): { searcher: Searcher; search: Search } {
  const searcher = useMemo(() => new Searcher(source), [source]);
  useChanges(searcher);
  useEffect(() => () => searcher.stop(), [searcher]);
  return { searcher, search: searcher.now };
}
