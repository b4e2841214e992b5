// How something stands, as a shape and a colour: no two tones have the same shape. It does not know what stands so.
import type { ReactNode } from "react";

import { statusName, toneOf, type Tone } from "./status";

export const TONE_TEXT: Record<Tone, string> = {
  success: "text-success",
  running: "text-running",
  failed: "text-failed",
  errored: "text-errored",
  pending: "text-pending",
  idle: "text-idle",
};

export const TONE_FILL: Record<Tone, string> = {
  success: "bg-success",
  running: "bg-running",
  failed: "bg-failed",
  errored: "bg-errored",
  pending: "bg-pending",
  idle: "bg-idle",
};

/** Of bars and squares: what went wrong is striped as well, for those who do not see its colour. */
export const TONE_BAR: Record<Tone, string> = {
  ...TONE_FILL,
  failed: "bg-failed striped",
  errored: "bg-errored striped-back",
};

export const TONE_SOFT: Record<Tone, string> = {
  success: "bg-success-soft text-success-text",
  running: "bg-running-soft text-running-text",
  failed: "bg-failed-soft text-failed-text",
  errored: "bg-errored-soft text-errored-text",
  pending: "bg-pending-soft text-pending-text",
  idle: "bg-idle-soft text-idle-text",
};

const cut = {
  stroke: "var(--surface)",
  strokeWidth: 1.9,
  strokeLinecap: "round",
  strokeLinejoin: "round",
} as const;

const SHAPES: Record<string, ReactNode> = {
  success: (
    <>
      <circle cx="8" cy="8" r="7" fill="currentColor" />
      <path d="m4.8 8.3 2.2 2.2 4.2-4.7" fill="none" {...cut} />
    </>
  ),
  failed: (
    <>
      <circle cx="8" cy="8" r="7" fill="currentColor" />
      <path d="m5.6 5.6 4.8 4.8M10.4 5.6l-4.8 4.8" {...cut} />
    </>
  ),
  errored: (
    <>
      <path d="M8 1 15.4 14H.6z" fill="currentColor" stroke="currentColor" strokeLinejoin="round" />
      <path d="M8 6v3.4M8 11.8v.1" {...cut} />
    </>
  ),
  running: (
    <>
      <circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" strokeWidth="2" opacity="0.28" />
      <path
        d="M8 2a6 6 0 0 1 6 6"
        fill="none"
        stroke="currentColor"
        strokeWidth="2"
        strokeLinecap="round"
        className="origin-center animate-turn"
      />
      <circle cx="8" cy="8" r="2" fill="currentColor" />
    </>
  ),
  pending: (
    <>
      <circle
        cx="8"
        cy="8"
        r="6"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.8"
        strokeDasharray="2.6 2.1"
      />
      <path d="M8 5v3l2 1.3" fill="none" stroke="currentColor" strokeWidth="1.6" strokeLinecap="round" />
    </>
  ),
  cancelled: (
    <>
      <circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" strokeWidth="1.8" />
      <path d="m4.2 11.8 7.6-7.6" stroke="currentColor" strokeWidth="1.8" />
    </>
  ),
  skipped: (
    <>
      <circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" strokeWidth="1.6" />
      <path d="M5.2 8h5.6" stroke="currentColor" strokeWidth="1.6" strokeLinecap="round" />
    </>
  ),
  rolled_back: (
    <>
      <circle cx="8" cy="8" r="7" fill="currentColor" />
      <path d="M7 5 4.8 7.2 7 9.4M5.2 7.2h3.9a1.9 1.9 0 0 1 0 3.8H8" fill="none" {...cut} strokeWidth={1.6} />
    </>
  ),
};

function shapeOf(status: string): ReactNode {
  return SHAPES[status] ?? SHAPES[toneOf(status)] ?? SHAPES["skipped"];
}

/** The icon of a status. With `isNamed` screen readers hear what it says; without, words stand beside it. */
export function StatusIcon({
  status,
  className = "size-4",
  isNamed = false,
}: {
  status: string;
  className?: string;
  isNamed?: boolean;
}) {
  const name = isNamed ? { role: "img", "aria-label": statusName(status) } : { "aria-hidden": true };
  const tone = toneOf(status);
  // The whole icon turns and not a part of it: that is done without painting it again.
  const turns = tone === "running" ? "animate-turn" : "";
  return (
    <svg viewBox="0 0 16 16" className={`shrink-0 ${TONE_TEXT[tone]} ${turns} ${className}`} {...name}>
      {shapeOf(status)}
    </svg>
  );
}

/** The status in words on its colour. */
export function StatusBadge({ status }: { status: string }) {
  return (
    <span
      className={`inline-flex items-center gap-1.5 rounded-full py-0.5 pr-2.5 pl-1.5 text-sm font-medium whitespace-nowrap ${TONE_SOFT[toneOf(status)]}`}
    >
      <StatusIcon status={status} />
      {statusName(status)}
    </span>
  );
}
