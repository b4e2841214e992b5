// Buttons, and links that look like them. A button that waits for an answer says so and cannot be pressed twice.
import type { ButtonHTMLAttributes, ReactNode } from "react";
import { Link, type LinkProps } from "react-router";

export type Look = "normal" | "primary" | "danger" | "quiet";

const BASE =
  "inline-flex items-center justify-center gap-1.5 rounded-md border px-3 py-1.5 text-sm font-medium whitespace-nowrap transition-colors disabled:opacity-55 aria-disabled:opacity-55 no-underline min-h-9";

const LOOKS: Record<Look, string> = {
  normal: "border-line-strong bg-surface hover:bg-sunken",
  primary: "border-transparent bg-accent text-accent-text hover:brightness-110",
  danger: "border-failed/50 bg-surface text-failed-text hover:bg-failed-soft",
  quiet: "border-transparent bg-transparent text-muted hover:bg-sunken hover:text-text",
};

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
  isBusy?: boolean;
}

export function Button({ look = "normal", isBusy = false, className = "", children, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      disabled={isBusy || rest.disabled === true}
      aria-busy={isBusy}
      className={`${BASE} ${LOOKS[look]} ${className}`}
    >
      {isBusy && <Spinner />}
      {children}
    </button>
  );
}

/** A button that is only an icon; its name is for screen readers and the title. */
export function IconButton({
  label,
  children,
  className = "",
  ...rest
}: ButtonProps & { label: string; children: ReactNode }) {
  return (
    <button
      type="button"
      {...rest}
      aria-label={label}
      title={label}
      className={`inline-flex size-9 shrink-0 items-center justify-center rounded-md text-muted hover:bg-sunken hover:text-text ${className}`}
    >
      {children}
    </button>
  );
}

export function ButtonLink({ look = "normal", className = "", ...rest }: LinkProps & { look?: Look }) {
  return <Link {...rest} className={`${BASE} ${LOOKS[look]} ${className}`} />;
}

export function Spinner() {
  return (
    <svg
      viewBox="0 0 16 16"
      className="size-4 shrink-0 animate-turn"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      aria-hidden="true"
    >
      <path d="M8 2a6 6 0 1 1-6 6" strokeLinecap="round" />
    </svg>
  );
}
