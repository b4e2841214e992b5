// A log for a component: read, followed, and told of when it changes, once for each frame at most.
//
// Does not know what is shown of it.
import { useEffect, useMemo, useRef, useState } from "react";
import { flushSync } from "react-dom";

import { Commands } from "./commands";
import { EchoFinder, groupsOf, type Group } from "./groups";
import { Searcher, type Search } from "./search";
import type { LogSource } from "./source";
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

export function useLog({ source, live, isOver }: LogViewerProps): Log {
  const [made, setMade] = useState(() => ({ store: new LogStore(source), commands: new Commands(source) }));
  const { store, commands } = made;

  useEffect(() => {
    // A store that was closed is not opened again, as when React tries effects twice.
    const opened = { store: new LogStore(source), commands: new Commands(source) };
    setMade(opened);
    void opened.store.refresh();
    return () => {
      opened.store.close();
      opened.commands.close();
    };
  }, [source]);

  const isOpen = store.phase === "ready";
  useEffect(() => {
    // What is there was read; the rest is told.
    if (!live || !isOpen) return;
    return live.follow(store.next, (piece) => store.push(piece));
  }, [live, store, isOpen]);

  useEffect(() => {
    if (isOver) {
      // What comes last may have come since. While it is read for the first time, all is read that there is.
      if (store.phase !== "loading" && !store.isWhole) void store.refresh();
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
  }, [store, live, isOver, isOpen]);

  useChanges(store);
  return { source, store, groups: useGroups(commands, store) };
}

/** Draws the component anew when the thing has changed, once for each frame at most, and within it. */
function useChanges(of: { subscribe: (listener: () => void) => () => void }): void {
  const [, count] = useState(0);
  useEffect(() => {
    let frame = 0;
    const stop = of.subscribe(() => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        // Otherwise what has come is drawn after this frame, and is seen a frame later.
        flushSync(() => count((n) => n + 1));
      });
    });
    count((n) => n + 1);
    return () => {
      stop();
      cancelAnimationFrame(frame);
    };
  }, [of]);
}

/**
 * The commands: those that the server has found, and after them those that look so. What a job prints may look so, too, until its
 * log is whole and the server has looked through all of it.
 */
function useGroups(commands: Commands, store: LogStore): readonly Group[] {
  const finder = useRef<{ store: LogStore; finder: EchoFinder }>(null);
  const { isWhole } = store;
  const isOpen = store.phase === "ready";
  useEffect(() => {
    // What is looked at comes first.
    if (isOpen) void commands.ask();
  }, [commands, isOpen, isWhole]);
  useChanges(commands);

  if (!isOpen || commands.source.commands === null) return NO_GROUPS;
  if (commands.isWhole) return groupsOf(commands.found, store.lines, store.lastAt);
  if (finder.current?.store !== store) finder.current = { store, finder: new EchoFinder() };
  const found = finder.current.finder.find(store.joinedFrom, store.ended, (n) => store.line(n)?.line);
  const lastTold = commands.found.at(-1)?.line ?? -1;
  const echoes = [...commands.found, ...found.filter((echo) => echo.line > lastTold)];
  return groupsOf(echoes, store.lines, store.lastAt);
}

const NO_GROUPS: readonly Group[] = [];

export function useSearch(source: LogSource): { searcher: Searcher; search: Search } {
  const searcher = useMemo(() => new Searcher(source), [source]);
  useChanges(searcher);
  useEffect(() => () => searcher.stop(), [searcher]);
  return { searcher, search: searcher.now };
}
