// A job's log: the lines that are looked at, whatever the length of the whole, and what can be done with it.
//
// Puts together the log (useLog), the list (useList), the search and the lines that are chosen. Does not know the page it is on.
import "./logs.css";

import {
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
  type CSSProperties,
  type MouseEvent,
} from "react";

import { ApiError, mayPass } from "../api/client";
import { Button } from "../ui/Button";
import { Bands } from "./Bands";
import { copy } from "./copy";
import { groupOf } from "./groups";
import { EndIcon } from "../ui/icons/logs";
import { RowMap } from "./rows";
import { Toolbar } from "./Toolbar";
import type { LogViewerProps } from "./types";
import { useChoice } from "./useChoice";
import { useSideways, useWhenNew } from "./useHit";
import { useKept } from "./useKept";
import { useLogKeys } from "./useLogKeys";
import { useList } from "./useList";
import { useLog, useSearch, type Log } from "./useLog";

/** So many lines beyond those that are there are read ahead. */
const AHEAD = 150;

export function LogViewer(props: LogViewerProps) {
  const log = useLog(props);
  const { store } = log;
  if (store.phase === "loading") return <Waiting />;
  if (store.phase === "failed") return <Failed error={store.error} onRetry={() => void store.refresh()} />;
  return <Opened {...props} log={log} />;
}

function Opened(props: LogViewerProps & { log: Log }) {
  const { address, isOver, isBad, endedAt = null, wraps = false, log } = props;
  const { store, source, groups } = log;
  const field = useRef<HTMLInputElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const block = useRef<HTMLDivElement>(null);
  const [isWrapped, toggleWrapped] = useKept(wraps ? "notes.wrapped" : "wrapped", wraps);
  const [hasTimes, toggleTimes] = useKept("times", false);
  const [folded, setFolded] = useState<ReadonlySet<number>>(new Set());
  const [longLines, setLongLines] = useState<ReadonlySet<number>>(new Set());
  const { chosen, choose } = useChoice(address);
  const { searcher, search } = useSearch(source);
  const [copied, setCopied] = useState("");

  const map = useMemo(() => {
    const bodies = groups.filter((group) => folded.has(group.first));
    return new RowMap(
      store.lines,
      bodies.map(({ first, end }) => ({ first: first + 1, end })),
    );
  }, [groups, folded, store.lines]);
  const list = useList({ scroller, block }, map.rows, isWrapped, chosen === null);
  const { show, follow } = list;

  const firstLine = map.lineOf(list.rows.first);
  const lastLine = map.lineOf(Math.max(list.rows.first, list.rows.end - 1));
  useEffect(() => {
    store.want(firstLine - AHEAD, lastLine + AHEAD);
  }, [store, firstLine, lastLine, store.lines]);

  // What somebody was sent a link to, or what was found, is unfolded, and then shown.
  const unfolded = useRef<number | null>(null);
  const reveal = useCallback(
    (line: number) => {
      const group = groupOf(groups, line);
      if (group && group.first !== line && folded.has(group.first)) {
        unfolded.current = line;
        setFolded(without(folded, group.first));
      } else show(map.rowOf(line));
    },
    [groups, folded, show, map],
  );
  useEffect(() => {
    if (unfolded.current !== null) show(map.rowOf(unfolded.current));
    unfolded.current = null;
  }, [show, map]);
  const hit = search.hits[search.at];
  useWhenNew(hit?.line, reveal);
  useSideways(scroller, block, hit);
  useWhenNew(chosen?.first, reveal);

  const failed = isBad ? groups.at(-1) : undefined;
  const jumpToFailure = useCallback(() => {
    const line = failed?.first ?? store.lines - 1;
    if (store.lines - line < list.seen - 3) follow(true);
    else show(map.rowOf(line), true);
  }, [failed, store, list.seen, follow, show, map]);

  const leaveSearch = (): void => {
    searcher.stop();
    if (field.current) field.current.value = "";
    scroller.current?.focus();
  };

  useLogKeys({
    n: () => searcher.step(1),
    N: () => searcher.step(-1),
    g: () => show(0, true),
    G: () => follow(true),
    f: () => follow(!list.isFollowing),
    Escape: leaveSearch,
  });

  const click = (event: MouseEvent): void => {
    const target = event.target instanceof Element ? event.target : null;
    const number = target?.closest("[data-line]");
    if (number) {
      if (event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      choose(numberOf(number, "data-line"), event.shiftKey);
      return;
    }
    const fold = target?.closest("[data-fold]");
    if (fold) setFolded(toggled(folded, numberOf(fold, "data-fold")));
    const longer = target?.closest("[data-lengthen]");
    if (longer) setLongLines(toggled(longLines, numberOf(longer, "data-lengthen")));
  };

  const isGrowing = !store.isWhole;
  const digits = Math.max(4, String(store.lines).length);
  return (
    <div className="log flex h-full min-h-0 flex-col" data-log-lines={store.lines} data-log-size={store.size}>
      <Toolbar
        field={field}
        search={search}
        onSearch={(query) => void searcher.start(query, map.lineOf(list.top()))}
        onStep={(by) => searcher.step(by)}
        onLeave={leaveSearch}
        isWrapped={isWrapped}
        onWrap={toggleWrapped}
        hasTimes={hasTimes}
        onTimes={toggleTimes}
        isFollowing={isGrowing ? list.isFollowing : null}
        onFollow={() => follow(!list.isFollowing)}
        onFailure={isBad && isOver ? jumpToFailure : null}
        onCopy={() => void copy(source, store, chosen).then(setCopied)}
        copyName={chosen ? "Copy the chosen lines" : "Copy the log"}
        raw={source.raw}
        rawName={source.name}
      />
      <div className="relative min-h-0 flex-1">
        {/* Clicks are those of the links and buttons in it; keys scroll it once it has the focus. */}
        {/* eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions */}
        <div
          ref={scroller}
          role="log"
          aria-live="off"
          aria-label="Log"
          // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- whoever has no mouse scrolls by keys
          tabIndex={0}
          className={`log-scroller h-full ${isWrapped ? "log-wrapped" : ""}`}
          style={{ "--log-digits": digits } as CSSProperties}
          onMouseDown={keepFocus}
          onClick={click}
        >
          <div style={{ height: list.barPx }} aria-hidden="true" />
          <div ref={block} className="log-block">
            <Bands
              rows={list.rows}
              map={map}
              store={store}
              groups={groups}
              folded={folded}
              failed={failed}
              endedAt={endedAt}
              query={search.query}
              hit={hit}
              chosen={chosen}
              longLines={longLines}
              isWrapped={isWrapped}
              hasTimes={hasTimes}
            />
          </div>
        </div>
        {store.lines === 0 && <Empty isGrowing={isGrowing} />}
        {isGrowing && !list.isFollowing && (
          <Button className="absolute right-5 bottom-3 shadow-lg" onClick={() => follow(true)}>
            <EndIcon /> Jump to newest
          </Button>
        )}
      </div>
      {store.error !== null && (
        <p role="alert" className="bg-failed-soft px-3 py-1.5 text-sm text-failed-text">
          {errorText(store.error)} It is tried again.
        </p>
      )}
      <p role="status" className="sr-only">
        {copied}
      </p>
    </div>
  );
}

/** Who clicks a number goes on in the log by keys, and not from a link that is gone once it is scrolled away. */
function keepFocus(event: MouseEvent<HTMLElement>): void {
  if (event.button !== 0 || !(event.target instanceof Element) || !event.target.closest("[data-line]"))
    return;
  event.preventDefault();
  event.currentTarget.focus({ preventScroll: true });
}

function toggled(set: ReadonlySet<number>, value: number): ReadonlySet<number> {
  return set.has(value) ? without(set, value) : new Set([...set, value]);
}

function without(set: ReadonlySet<number>, value: number): ReadonlySet<number> {
  return new Set([...set].filter((other) => other !== value));
}

function numberOf(element: Element, attribute: string): number {
  return Number(element.getAttribute(attribute));
}

function Waiting() {
  return <div className="log h-full" aria-busy="true" />;
}

function Empty({ isGrowing }: { isGrowing: boolean }) {
  return (
    <p className="absolute inset-x-0 top-4 text-center text-sm text-muted">
      {isGrowing ? "Nothing was printed yet. What comes appears here." : "Nothing was printed."}
    </p>
  );
}

function Failed({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  return (
    <div role="alert" className="log h-full space-y-3 p-4 text-sm">
      <p>{errorText(error)}</p>
      {error instanceof ApiError && error.requestId !== null && (
        <p className="text-xs text-muted">request {error.requestId}</p>
      )}
      {mayPass(error) && <Button onClick={onRetry}>Try again</Button>}
    </div>
  );
}

function errorText(error: unknown): string {
  return error instanceof Error ? error.message : "The log could not be read.";
}
