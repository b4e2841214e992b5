// One step of several: greyed until it is its turn.
import type { ReactNode } from "react";

import { CheckIcon } from "../../ui/icons";

interface StepProps {
  number: number;
  title: string;
  isDone: boolean;
  children: ReactNode;
}

export function Step({ number, title, isDone, children }: StepProps) {
  const isThere = children !== null && children !== undefined && children !== false;
  return (
    <li className={`rounded-lg border border-line bg-surface p-4 ${isThere ? "" : "opacity-60"}`}>
      <h2 className="flex items-center gap-3 font-semibold">
        <span
          className={`inline-flex size-7 items-center justify-center rounded-full text-sm ${isDone ? "bg-success-soft text-success-text" : "bg-sunken"}`}
        >
          {isDone ? <CheckIcon /> : number}
        </span>
        {title}
      </h2>
      {isThere && <div className="mt-4 sm:pl-10">{children}</div>}
    </li>
  );
}
