// The boxes that pages are made of: a panel, a place where there is nothing yet, what went wrong, what is on its way.
import type { ReactNode } from "react";

import { ApiError, mayPass } from "../api/client";
import { CodedLines } from "../text/Coded";
import { Untrusted } from "../text/Untrusted";
import { Button, ButtonLink } from "./Button";
import { WarningIcon } from "./icons";
import { Scrolled } from "./Scrolled";

export function Panel({
  title,
  action,
  children,
  isFlush = false,
}: {
  title?: ReactNode;
  action?: ReactNode;
  children: ReactNode;
  isFlush?: boolean;
}) {
  return (
    <section className="min-w-0 overflow-hidden rounded-lg border border-line bg-surface">
      {(title !== undefined || action !== undefined) && (
        <header className="flex min-h-12 flex-wrap items-center justify-between gap-2 border-b border-line px-4 py-1.5">
          <h2 className="font-semibold">{title}</h2>
          {action}
        </header>
      )}
      <div className={isFlush ? "" : "p-4"}>{children}</div>
    </section>
  );
}

export function EmptyState({
  icon,
  title,
  children,
}: {
  icon?: ReactNode;
  title: string;
  children?: ReactNode;
}) {
  return (
    <div className="flex flex-col items-center gap-2 px-6 py-12 text-center">
      {icon !== undefined && <span className="text-line-strong [&>svg]:size-10">{icon}</span>}
      <p className="text-lg font-semibold">{title}</p>
      <div className="flex max-w-prose flex-col items-center gap-3 text-muted">{children}</div>
    </div>
  );
}

/**
 * What went wrong, in the server's words, with what its operator needs to find it. Another try is offered where one may help, and
 * else the way to where one can go on.
 */
export function ErrorBox({
  error,
  onRetry,
  title,
}: {
  error: unknown;
  onRetry?: () => void;
  title?: string;
}) {
  const known = error instanceof ApiError ? error : null;
  return (
    <div
      role="alert"
      className="flex flex-wrap items-start gap-3 rounded-lg border border-failed/40 bg-failed-soft p-3 text-failed-text"
    >
      <WarningIcon className="mt-1 size-4" />
      <div className="min-w-0 flex-1 basis-60 space-y-1">
        {title !== undefined && <p className="font-semibold">{title}</p>}
        <Scrolled className="max-h-72">
          <CodedLines text={error instanceof Error ? error.message : String(error)} />
        </Scrolled>
        {known?.requestId && (
          <p className="text-xs">
            request{" "}
            <code className="font-mono select-all">
              <Untrusted text={known.requestId} />
            </code>
          </p>
        )}
      </div>
      {onRetry !== undefined &&
        (mayPass(error) ? (
          <Button onClick={onRetry}>Try again</Button>
        ) : (
          <ButtonLink to="/">To the projects</ButtonLink>
        ))}
    </div>
  );
}

/** Grey bars where something will stand. */
export function Skeleton({ lines = 3 }: { lines?: number }) {
  return (
    <div role="status" aria-label="Loading" className="space-y-3 p-4">
      {Array.from({ length: lines }, (_, line) => (
        <div key={line} className="h-5 animate-pulse rounded bg-sunken motion-reduce:animate-none" />
      ))}
    </div>
  );
}

/** Shows what a query answered, or that it does not yet, or why it does not. What is there stays while it is asked again. */
export function Answered<T>({
  query,
  lines,
  isOnPage = false,
  children,
}: {
  query: { data: T | undefined; error: Error | null; refetch: () => unknown };
  lines?: number;
  /** It stands on the page itself, and not in a panel, whose edges want some room. */
  isOnPage?: boolean;
  children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error !== null) {
    return (
      <div className={isOnPage ? "" : "p-4"}>
        <ErrorBox error={query.error} onRetry={() => void query.refetch()} />
      </div>
    );
  }
  return <Skeleton {...(lines === undefined ? {} : { lines })} />;
}
