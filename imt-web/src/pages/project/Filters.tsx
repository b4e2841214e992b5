// Which pipelines are listed. What is chosen stands in the address, so that it can be sent on and gone back to.
import { useId, useState, type SubmitEvent } from "react";
import { useSearchParams } from "react-router";

import type { PipelineFilter } from "../../api/queries";
import { statusName, triggerName } from "../../ui/status";

const STATUSES = ["pending", "running", "success", "failed", "errored", "cancelled", "skipped"];
const EVENTS = ["push", "tag", "manual", "api"];

/** What an address asks for; words that mean nothing are left out. */
export function filterOf(search: URLSearchParams): PipelineFilter {
  const [branch, status, event, cursor] = ["branch", "status", "event", "cursor"].map((key) =>
    search.get(key),
  );
  return {
    ...(branch ? { branch } : {}),
    ...(status && STATUSES.includes(status) ? { status } : {}),
    ...(event && EVENTS.includes(event) ? { event } : {}),
    ...(cursor ? { cursor } : {}),
  };
}

const BOX = "bg-surface border-line-strong min-h-9 rounded-md border px-2 text-base sm:text-sm";

/** `branches`: those that are offered; any other can be written. */
export function Filters({ branches }: { branches: readonly string[] }) {
  const [search, setSearch] = useSearchParams();
  const filter = filterOf(search);
  const change = (key: "branch" | "status" | "event", value: string) => {
    const next = new URLSearchParams(search);
    next.delete("cursor");
    if (value === "") next.delete(key);
    else next.set(key, value);
    setSearch(next);
  };
  return (
    <div className="flex min-w-0 gap-2 max-sm:w-full">
      <BranchField
        key={filter.branch}
        branch={filter.branch ?? ""}
        branches={branches}
        onChange={(value) => change("branch", value)}
      />
      <select
        aria-label="Status"
        className={BOX}
        value={filter.status ?? ""}
        onChange={(event) => change("status", event.target.value)}
      >
        <option value="">any status</option>
        {STATUSES.map((status) => (
          <option key={status} value={status}>
            {statusName(status)}
          </option>
        ))}
      </select>
      <select
        aria-label="Trigger"
        className={BOX}
        value={filter.event ?? ""}
        onChange={(event) => change("event", event.target.value)}
      >
        <option value="">any trigger</option>
        {EVENTS.map((event) => (
          <option key={event} value={event}>
            {triggerName(event)}
          </option>
        ))}
      </select>
    </div>
  );
}

interface BranchFieldProps {
  branch: string;
  branches: readonly string[];
  onChange: (branch: string) => void;
}

/** Asks only once the branch is written: half a name is no branch. */
function BranchField({ branch, branches, onChange }: BranchFieldProps) {
  const list = useId();
  const [text, setText] = useState(branch);
  const send = (event: SubmitEvent) => {
    event.preventDefault();
    onChange(text.trim());
  };
  return (
    <form onSubmit={send} role="search" className="min-w-0 max-sm:flex-1">
      <input
        type="search"
        data-search
        list={list}
        aria-label="Branch"
        placeholder="branch  /"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          if (event.target.value === "") onChange("");
        }}
        onBlur={() => text.trim() !== branch && onChange(text.trim())}
        className={`${BOX} w-full placeholder:text-muted sm:w-36`}
      />
      <datalist id={list}>
        {branches.map((each) => (
          <option key={each} value={each} />
        ))}
      </datalist>
    </form>
  );
}
