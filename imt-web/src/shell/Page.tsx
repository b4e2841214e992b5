// The frame of a page: the way to it, its heading, what can be done, its content.
import type { ReactNode } from "react";
import { Link } from "react-router";

import { Untrusted } from "../text/Untrusted";

export interface Crumb {
  to: string;
  text: string;
}

interface PageProps {
  crumbs?: readonly Crumb[];
  title: ReactNode;
  below?: ReactNode;
  actions?: ReactNode;
  /** On a phone actions have a line of their own, so that others take their place and nothing moves. */
  hasActionLine?: boolean;
  children: ReactNode;
  isWide?: boolean;
}

export function Page({
  crumbs = [],
  title,
  below,
  actions,
  children,
  hasActionLine = false,
  isWide = false,
}: PageProps) {
  return (
    <div
      className={`mx-auto flex w-full flex-1 flex-col gap-4 px-3 py-4 sm:px-5 ${isWide ? "max-w-[110rem]" : "max-w-6xl"}`}
    >
      <header className="space-y-1">
        {crumbs.length > 0 && (
          <nav aria-label="Where this is" className="text-sm text-muted">
            <ol className="flex min-w-0 flex-wrap items-center gap-1.5">
              {crumbs.map((crumb) => (
                <li key={crumb.to} className="flex min-w-0 items-center gap-1.5">
                  <Link to={crumb.to} className="no-underline hover:text-text hover:underline">
                    <Untrusted text={crumb.text} />
                  </Link>
                  <span aria-hidden="true">/</span>
                </li>
              ))}
            </ol>
          </nav>
        )}
        <div className="flex min-h-9 items-start justify-between gap-x-4 gap-y-2 max-sm:flex-wrap">
          <h1 className="min-w-0 text-xl font-bold tracking-tight sm:text-2xl">{title}</h1>
          {actions !== undefined && (
            <div
              className={`flex shrink-0 flex-wrap gap-2 ${hasActionLine ? "max-sm:mb-1 max-sm:min-h-9 max-sm:w-full" : ""}`}
            >
              {actions}
            </div>
          )}
        </div>
        {below}
      </header>
      {children}
    </div>
  );
}
