// What a page that is one thing shows of it: the thing, or, in the frame of a page, that it is on its way or why it is not to be had.
import type { ReactNode } from "react";

import { Untrusted } from "../text/Untrusted";
import { ErrorBox, Skeleton } from "../ui/Panel";
import { Page, type Crumb } from "./Page";

interface FetchedProps<T> {
  query: { data: T | undefined; error: Error | null; refetch: () => unknown };
  /** What it is called where it is not to be had, and the way to it. */
  title: string;
  crumbs: readonly Crumb[];
  /** How much stands where it will. */
  lines: number;
  children: (data: T) => ReactNode;
}

export function Fetched<T>({ query, title, crumbs, lines, children }: FetchedProps<T>) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error === null) return <Skeleton lines={lines} />;
  return (
    <Page crumbs={crumbs} title={<Untrusted text={title} />}>
      <ErrorBox error={query.error} onRetry={() => void query.refetch()} />
    </Page>
  );
}
