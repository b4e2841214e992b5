// A panel with a form that does something: its fields, what was wrong the last time, and the button. It knows no field.
import type { ReactNode, SubmitEvent } from "react";

import { Button } from "./Button";
import type { Doing } from "./deed";
import { ErrorBox, Panel } from "./Panel";

interface FormPanelProps {
  title: ReactNode;
  deed: Doing;
  onSubmit: () => Promise<unknown>;
  /** What the button says. */
  submit?: string;
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
  submit = "Set",
  isReady = true,
  otherwise,
  outcome,
  children,
}: FormPanelProps) {
  const go = async (event: SubmitEvent) => {
    event.preventDefault();
    await onSubmit();
  };
  return (
    <Panel title={title}>
      <form onSubmit={go} className="space-y-4">
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
