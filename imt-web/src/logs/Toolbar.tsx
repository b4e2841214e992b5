// What can be done with a log: search it, wrap it, see times, jump, copy, download.
//
// Does not know how any of it is done.
import type { ReactNode, RefObject } from "react";

import { grouped } from "../ui/duration";
import { ClockIcon, ChevronDownIcon, CopyIcon, CrossIcon } from "../ui/icons";
import { DownloadIcon, EndIcon, FailIcon, SearchIcon, UpIcon, WrapIcon } from "../ui/icons/logs";
import type { Search } from "./search";

/** The server looks for no longer text. */
const MOST_SOUGHT = 200;

interface ToolbarProps {
  field: RefObject<HTMLInputElement | null>;
  search: Search;
  onSearch: (query: string) => void;
  onStep: (by: 1 | -1) => void;
  onLeave: () => void;
  isWrapped: boolean;
  onWrap: () => void;
  hasTimes: boolean;
  onTimes: () => void;
  /** Null where there is nothing that comes. */
  isFollowing: boolean | null;
  onFollow: () => void;
  /** Null where nothing failed. */
  onFailure: (() => void) | null;
  onCopy: () => void;
  copyName: string;
  raw: string;
  rawName: string;
}

export function Toolbar(props: ToolbarProps) {
  return (
    <div
      role="toolbar"
      aria-label="Log"
      className="flex flex-wrap items-center gap-0.5 border-b border-line bg-surface px-1.5 py-1"
    >
      <SearchField {...props} />
      <span className="min-w-1 flex-1" />
      {props.onFailure && (
        <Tool label="Failure: jump to what failed" onClick={props.onFailure} className="text-failed-text">
          <FailIcon />
          <span className="max-sm:sr-only">Failure</span>
        </Tool>
      )}
      {props.isFollowing !== null && (
        <Tool label="Follow what comes (f)" onClick={props.onFollow} isOn={props.isFollowing}>
          <EndIcon />
          <span className="max-sm:sr-only">Follow</span>
        </Tool>
      )}
      <Tool label="Wrap long lines" onClick={props.onWrap} isOn={props.isWrapped}>
        <WrapIcon />
      </Tool>
      <Tool label="Show times" onClick={props.onTimes} isOn={props.hasTimes}>
        <ClockIcon />
      </Tool>
      <Tool label={props.copyName} onClick={props.onCopy}>
        <CopyIcon />
      </Tool>
      <a
        href={props.raw}
        download={props.rawName}
        className="inline-flex size-8 items-center justify-center rounded-md text-muted hover:bg-sunken hover:text-text"
        aria-label="Download the raw log"
        title="Download the raw log"
      >
        <DownloadIcon />
      </a>
    </div>
  );
}

function SearchField({ field, search, onSearch, onStep, onLeave }: ToolbarProps) {
  const { hits, at, isRunning, isFull, query } = search;
  return (
    <search className="flex min-w-0 items-center gap-0.5">
      <form
        className="relative flex min-w-0 items-center"
        onSubmit={(event) => {
          event.preventDefault();
          const wanted = field.current?.value ?? "";
          if (wanted !== "" && wanted === query) onStep(1);
          else onSearch(wanted);
        }}
      >
        <span className="pointer-events-none absolute left-2 text-muted">
          <SearchIcon />
        </span>
        <input
          ref={field}
          data-search
          type="search"
          maxLength={MOST_SOUGHT}
          aria-label="Search the log"
          placeholder="Search the log"
          spellCheck={false}
          autoComplete="off"
          autoCapitalize="off"
          className="h-8 w-36 min-w-0 rounded-md border border-line bg-page py-0 pr-2 pl-8 text-sm placeholder:text-muted sm:w-56 [&::-webkit-search-cancel-button]:hidden"
          onKeyDown={(event) => {
            if (event.key === "Escape") onLeave();
            if (event.key === "Enter" && event.shiftKey) {
              event.preventDefault();
              onStep(-1);
            }
          }}
        />
      </form>
      {query !== "" && (
        <>
          <span role="status" className="px-1.5 text-xs whitespace-nowrap text-muted tabular-nums">
            {countText(hits.length, at, isRunning, isFull, search.error)}
          </span>
          <Tool label="Previous hit (N)" onClick={() => onStep(-1)}>
            <UpIcon />
          </Tool>
          <Tool label="Next hit (n)" onClick={() => onStep(1)}>
            <ChevronDownIcon />
          </Tool>
          <Tool label="Leave the search (Esc)" onClick={onLeave}>
            <CrossIcon />
          </Tool>
        </>
      )}
    </search>
  );
}

function countText(hits: number, at: number, isRunning: boolean, isFull: boolean, error: unknown): string {
  if (error !== null) return "the search failed";
  if (hits === 0) return isRunning ? "searching…" : "not found";
  const many = `${grouped(hits)}${isFull || isRunning ? "+" : ""}`;
  return at < 0 ? `${many} lines` : `${grouped(at + 1)} of ${many}`;
}

interface ToolProps {
  label: string;
  onClick: () => void;
  isOn?: boolean;
  className?: string;
  children: ReactNode;
}

function Tool({ label, onClick, isOn, className = "text-muted", children }: ToolProps) {
  return (
    <button
      type="button"
      title={label}
      aria-label={label}
      aria-pressed={isOn}
      onClick={onClick}
      className={`inline-flex h-8 min-w-8 items-center justify-center gap-1 rounded-md px-2 text-sm hover:bg-sunken hover:text-text aria-pressed:bg-accent-soft aria-pressed:text-text ${className}`}
    >
      {children}
    </button>
  );
}
