// A panel with a form that does something: its fields, what was wrong the last time, and the button. It knows no field.
import { useEffect, useRef, type ReactNode, type SubmitEvent } from "react";

import { Button } from "./Button";
import type { Doing } from "./deed";
import { ErrorBox, Panel } from "./Panel";

interface FormPanelProps {
  title: ReactNode;
  deed: Doing;
  onSubmit: () => Promise<unknown>;
  /** What the button says. */
  submit: string;
  /** Whenever this changes, and is not 0, its first field that can be filled in takes the focus. */
  turn?: number;
  isReady?: boolean;
  /** What else can be done, beside the button. */
  otherwise?: ReactNode;
  /** What came of it. */
  outcome?: ReactNode;
  children: ReactNode;
}

export function FormPanel({
  title,
  deed,
  onSubmit,
  submit,
  turn = 0,
  isReady = true,
  otherwise,
  outcome,
  children,
}: FormPanelProps) {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (turn === 0) return;
    const fields = form.current?.querySelectorAll<HTMLElement>("input, select, textarea") ?? [];
    [...fields].find((field) => !field.matches(":disabled"))?.focus();
  }, [turn]);
  const go = async (event: SubmitEvent) => {
    event.preventDefault();
    await onSubmit();
  };
  return (
    <Panel title={title}>
      <form ref={form} onSubmit={go} className="space-y-4">
        {children}
        {deed.error !== null && <ErrorBox error={deed.error} />}
        <div className="flex gap-2">
          <Button type="submit" look="primary" isBusy={deed.isBusy} disabled={!isReady}>
            {submit}
          </Button>
          {otherwise}
        </div>
        {outcome}
      </form>
    </Panel>
  );
}
