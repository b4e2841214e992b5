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
import { copy } from "./copy";
import { groupOf, tookOf, type Group } from "./groups";
import { EndIcon } from "../ui/icons/logs";
import { Row } from "./Row";
import { RowMap } from "./rows";
import { Toolbar } from "./Toolbar";
import type { LogViewerProps } from "./types";
import { useChoice } from "./useChoice";
import { useSideways, useWhenNew } from "./useHit";
import { useKept } from "./useKept";
import { useLogKeys } from "./useLogKeys";
import { useList } from "./useList";
import { useLog, useSearch, type Log } from "./useLog";

/** Up to here a line is shown without being asked for. */
const NEAR_CHARACTERS = 1_500;
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

  const rows = Array.from({ length: Math.max(0, list.end - list.first) }, (_, n) =>
    map.lineOf(list.first + n),
  );
  const firstLine = rows[0] ?? 0;
  const lastLine = rows.at(-1) ?? 0;
  useEffect(() => {
    store.want(firstLine - AHEAD, lastLine + AHEAD);
  }, [store, firstLine, lastLine, store.lines]);

  const goTo = useCallback(
    (line: number) => {
      show(map.rowOf(line));
    },
    [show, map],
  );

  // What somebody was sent a link to, or what was found, is unfolded and shown.
  const reveal = useCallback(
    (line: number) => {
      const group = groupOf(groups, line);
      if (group && group.first !== line && folded.has(group.first)) setFolded(without(folded, group.first));
      goTo(line);
    },
    [groups, folded, goTo],
  );
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
    const number = target?.closest(".log-number")?.closest("[data-n]");
    if (number) {
      if (event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      choose(numberOf(number, "data-n"), event.shiftKey);
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
        onSearch={(query) => void searcher.start(query, map.lineOf(list.top))}
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
          onClick={click}
        >
          <div style={{ height: list.barPx }} aria-hidden="true" />
          <div ref={block} className="log-block">
            {rows.map((n) => {
              const seen = store.line(n);
              const group = groups.length > 0 ? startingAt(groups, n) : undefined;
              return (
                <Row
                  key={n}
                  n={n}
                  line={seen?.line}
                  styles={seen?.styles}
                  query={search.query}
                  hereAt={hit?.line === n ? hit.column : null}
                  isChosen={chosen !== null && n >= chosen.first && n < chosen.end}
                  isLong={longLines.has(n) || (hit?.line === n && hit.column > NEAR_CHARACTERS)}
                  hasTime={hasTimes}
                  command={group ? commandOf(group, folded, failed) : null}
                  took={group ? tookOf(group, store.isWhole, endedAt) : null}
                />
              );
            })}
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

function commandOf(
  group: Group,
  folded: ReadonlySet<number>,
  failed: Group | undefined,
): "open" | "folded" | "failed" {
  if (folded.has(group.first)) return "folded";
  return group === failed ? "failed" : "open";
}

function startingAt(groups: readonly Group[], line: number): Group | undefined {
  const group = groupOf(groups, line);
  return group?.first === line ? group : undefined;
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
