// Toasts in the corner, read out as they come.
import { IconButton } from "./Button";
import { CheckIcon, CrossIcon, WarningIcon } from "./icons";
import { Untrusted } from "../text/Untrusted";
import { settle, useToasts, type Toast } from "./toasts";

export function Toasts() {
  const fresh = useToasts().filter((toast) => toast.isFresh);
  return (
    <div
      role="status"
      aria-live="polite"
      className="pointer-events-none fixed right-3 bottom-3 left-3 z-50 flex flex-col items-end gap-2 sm:left-auto"
    >
      {fresh.slice(0, 4).map((toast) => (
        <div
          key={toast.id}
          className="pointer-events-auto w-full max-w-md rounded-lg border border-line-strong bg-surface p-2 pl-3 shadow-lg"
        >
          <div className="flex items-start gap-2">
            <ToastText toast={toast} />
            <IconButton label="Put away" className="-my-0.5 size-7" onClick={() => settle(toast.id)}>
              <CrossIcon className="size-3.5" />
            </IconButton>
          </div>
        </div>
      ))}
    </div>
  );
}

export function ToastText({ toast }: { toast: Toast }) {
  return (
    <>
      <span className={`mt-1 ${toast.kind === "done" ? "text-success" : "text-failed"}`}>
        {toast.kind === "done" ? <CheckIcon /> : <WarningIcon />}
      </span>
      <div className="min-w-0 flex-1 py-0.5">
        <p className="font-medium">
          <Untrusted text={toast.text} />
        </p>
        {toast.detail !== null && (
          <p className="text-sm text-muted">
            <Untrusted text={toast.detail} />
          </p>
        )}
      </div>
    </>
  );
}
