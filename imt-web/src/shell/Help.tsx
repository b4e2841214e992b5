// What keys do, and where there is more to read.
import { Dialog } from "../ui/Dialog";

const KEYS: readonly (readonly [string, string])[] = [
  ["/", "search, or filter the list"],
  ["j  k", "down and up in a list; Enter opens"],
  ["?", "this page"],
  ["n  N", "in a log: next and previous hit"],
  ["g  G", "in a log: to its beginning and its end"],
  ["f", "in a log: follow what comes"],
  ["Esc", "close what is open"],
];

export function Help({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  return (
    <Dialog title="Keys" isOpen={isOpen} onClose={onClose}>
      <dl className="space-y-2">
        {KEYS.map(([keys, what]) => (
          <div key={keys} className="flex items-center justify-between gap-4">
            <dt className="order-2 flex gap-1.5">
              {keys.split(/ +/).map((key) => (
                <kbd
                  key={key}
                  className="min-w-7 rounded border border-line-strong bg-sunken px-1.5 py-0.5 text-center font-mono text-sm"
                >
                  {key}
                </kbd>
              ))}
            </dt>
            <dd className="text-muted">{what}</dd>
          </div>
        ))}
      </dl>
      <p className="mt-5 text-sm text-muted">
        Everything here is there for programs as well:{" "}
        <a href="/api/v1/try/" className="text-accent underline">
          the API, to try
        </a>
        .
      </p>
    </Dialog>
  );
}
