// How an icon is drawn. It knows none.
import type { ReactNode } from "react";

export interface IconProps {
  className?: string;
}

export function icon(content: ReactNode) {
  return function Icon({ className = "size-4" }: IconProps) {
    return (
      <svg
        viewBox="0 0 16 16"
        className={`shrink-0 ${className}`}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.6"
        strokeLinecap="round"
        strokeLinejoin="round"
        aria-hidden="true"
      >
        {content}
      </svg>
    );
  };
}
