// A panel with a list of things that have names and can be removed one by one, after asking. A long one can be searched, and does
// not push away what is below it. It does not know what they are.
import { useQueryClient, type QueryKey, type UseQueryResult } from "@tanstack/react-query";
import { useDeferredValue, useState, type ReactNode } from "react";

import { plain } from "../text/marks";
import { Untrusted } from "../text/Untrusted";
import { Button } from "./Button";
import { Confirm } from "./Dialog";
import { count } from "./duration";
import { Answered, Panel } from "./Panel";
import { Scrolled } from "./Scrolled";
import { notifyError } from "./toasts";

/** From this many on there is a field to find one by. */
const MANY = 12;
/** No more than these are shown at once. */
const MOST = 200;

export interface Named {
  name: string;
  /** What it is called for people, where its name is a word of machines. */
  text?: string | undefined;
  about: ReactNode;
  key?: string;
  /** How it is changed, where it can be. */
  edit?: { word: "Edit" | "Replace"; onEdit: () => void };
}

interface RemovalProps {
  /** What happens when it is gone. */
  consequence: ReactNode;
  onRemove: (key: string) => Promise<void>;
  /** The list, which is asked for again afterwards. */
  list: QueryKey;
}

interface NamedPanelProps<T> extends RemovalProps {
  title: string;
  query: UseQueryResult<{ items: readonly T[] }>;
  /** How one of them is shown. */
  of: (item: T) => Named;
  /** What is shown where there is none. */
  empty: ReactNode;
  /** What stands below: it comes once it is known how long the list is, so that it is not pushed down. */
  children?: ReactNode;
}

export function NamedPanel<T>({ title, query, of, empty, children, ...removal }: NamedPanelProps<T>) {
  return (
    <>
      <Panel title={title} isFlush>
        <Answered query={query}>
          {({ items }) => (items.length === 0 ? empty : <NamedList items={items.map(of)} {...removal} />)}
        </Answered>
      </Panel>
      {!query.isPending && children}
    </>
  );
}

function NamedList({ items, consequence, onRemove, list }: RemovalProps & { items: readonly Named[] }) {
  const queries = useQueryClient();
  const [leaving, setLeaving] = useState<Named | null>(null);
  const [wanted, setWanted] = useState("");
  const text = useDeferredValue(wanted.trim().toLowerCase());
  const found = items.filter((item) => `${item.text ?? ""} ${item.name}`.toLowerCase().includes(text));
  const shown = found.slice(0, MOST);
  const remove = async () => {
    if (leaving === null) return;
    try {
      await onRemove(leaving.key ?? leaving.name);
      await queries.invalidateQueries({ queryKey: list });
    } catch (error) {
      notifyError(`${plain(leaving.name)} is still there`, error);
    }
  };
  return (
    <>
      {items.length >= MANY && (
        <div className="flex flex-wrap items-center gap-3 border-b border-line px-4 py-2">
          <input
            type="search"
            data-search
            aria-label="Find by name"
            placeholder="Find by name  /"
            value={wanted}
            onChange={(event) => setWanted(event.target.value)}
            className="min-h-9 min-w-0 flex-1 rounded-md border border-line-strong bg-surface px-3 text-base placeholder:text-muted sm:max-w-xs sm:text-sm"
          />
          <span className="text-sm text-muted" role="status">
            {text === "" ? `${items.length} in all` : `${found.length} of ${items.length}`}
          </span>
        </div>
      )}
      <ul className="max-h-[min(34rem,65vh)] divide-y divide-line overflow-y-auto">
        {shown.map((item) => (
          <Entry key={item.key ?? item.name} item={item} onRemove={() => setLeaving(item)} />
        ))}
        {found.length > MOST && (
          <li className="px-4 py-3 text-sm text-muted">
            and {count(found.length - MOST, "further one")}: find them by their names
          </li>
        )}
      </ul>
      {leaving !== null && (
        <Confirm title="Remove" deed="Remove" isOpen onClose={() => setLeaving(null)} onConfirm={remove}>
          <p>
            <Untrusted text={leaving.name} className="font-medium break-all text-text" /> goes. {consequence}
          </p>
        </Confirm>
      )}
    </>
  );
}

/** Where there is little room, what is to be said of it is below its name. */
function Entry({ item, onRemove }: { item: Named; onRemove: () => void }) {
  return (
    <li className="flex min-h-12 flex-wrap items-center gap-x-4 gap-y-1 px-4 py-1.5 sm:flex-nowrap">
      <Untrusted
        text={item.text ?? item.name}
        className={`min-w-0 text-sm font-medium max-sm:flex-1 sm:max-w-[50%] sm:shrink-0 ${item.text === undefined ? "font-mono" : ""}`}
      />
      <Scrolled
        as="span"
        className="max-h-20 min-w-0 flex-1 text-sm text-muted max-sm:order-last max-sm:basis-full"
      >
        {item.about}
      </Scrolled>
      <span className="-mr-3 flex shrink-0">
        {item.edit !== undefined && (
          <Button
            look="quiet"
            aria-label={`${item.edit.word} ${plain(item.name)}`}
            onClick={item.edit.onEdit}
          >
            {item.edit.word}
          </Button>
        )}
        <Button look="quiet" aria-label={`Remove ${plain(item.name)}`} onClick={onRemove}>
          Remove
        </Button>
      </span>
    </li>
  );
}
