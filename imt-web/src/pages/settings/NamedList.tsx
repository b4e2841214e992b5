// A list of things with names that can be removed one by one, after asking.
import { useQueryClient, type QueryKey } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";

import { Untrusted } from "../../text/Untrusted";
import { Button } from "../../ui/Button";
import { Confirm } from "../../ui/Dialog";
import { notifyError } from "../../ui/toasts";

interface NamedProps {
  items: readonly { name: string; about: ReactNode; key?: string; extra?: ReactNode }[];
  /** What happens when it is gone. */
  consequence: ReactNode;
  onRemove: (key: string) => Promise<void>;
  /** The list, which is asked for again afterwards. */
  list: QueryKey;
}

export function NamedList({ items, consequence, onRemove, list }: NamedProps) {
  const queries = useQueryClient();
  const [leaving, setLeaving] = useState<{ name: string; key: string } | null>(null);
  const remove = async () => {
    if (leaving === null) return;
    try {
      await onRemove(leaving.key);
      await queries.invalidateQueries({ queryKey: list });
    } catch (error) {
      notifyError(`${leaving.name} is still there`, error);
    }
  };
  return (
    <>
      <ul className="divide-y divide-line">
        {items.map((item) => (
          <li
            key={item.key ?? item.name}
            className="flex min-h-12 flex-wrap items-center gap-x-4 gap-y-1 px-4 py-1.5"
          >
            <Untrusted text={item.name} className="font-mono text-sm font-medium" />
            <span className="min-w-0 flex-1 text-sm text-muted">{item.about}</span>
            {item.extra}
            <Button look="quiet" onClick={() => setLeaving({ name: item.name, key: item.key ?? item.name })}>
              Remove
            </Button>
          </li>
        ))}
      </ul>
      {leaving !== null && (
        <Confirm title="Remove" deed="Remove" isOpen onClose={() => setLeaving(null)} onConfirm={remove}>
          <p>
            <Untrusted text={leaving.name} className="font-medium text-text" /> goes. {consequence}
          </p>
        </Confirm>
      )}
    </>
  );
}
