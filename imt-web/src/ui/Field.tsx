// What forms are made of. Each field has its name, what it is for, and what is wrong with it, tied together for screen readers.
import {
  useId,
  type InputHTMLAttributes,
  type ReactNode,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
} from "react";

const BOX =
  "bg-surface border-line-strong w-full rounded-md border px-2.5 py-1.5 min-h-9 text-base sm:text-sm placeholder:text-muted disabled:opacity-60";

interface About {
  label: string;
  help?: ReactNode;
  wrong?: string | null;
}

function Around({ label, help, wrong, id, children }: About & { id: string; children: ReactNode }) {
  return (
    <div className="min-w-0 space-y-1">
      <label htmlFor={id} className="block text-sm font-medium">
        {label}
      </label>
      {children}
      {wrong ? (
        <p id={`${id}-about`} className="text-sm text-failed-text">
          {wrong}
        </p>
      ) : (
        help !== undefined && (
          <p id={`${id}-about`} className="text-sm text-muted">
            {help}
          </p>
        )
      )}
    </div>
  );
}

function tied(id: string, { help, wrong }: About) {
  const isThere = Boolean(wrong) || help !== undefined;
  return { id, "aria-invalid": Boolean(wrong), ...(isThere ? { "aria-describedby": `${id}-about` } : {}) };
}

export function TextField({
  label,
  help,
  wrong,
  isCode = false,
  ...rest
}: About & InputHTMLAttributes<HTMLInputElement> & { isCode?: boolean }) {
  const id = useId();
  const about = { label, help, ...(wrong === undefined ? {} : { wrong }) };
  return (
    <Around {...about} id={id}>
      <input
        type="text"
        autoComplete="off"
        spellCheck={false}
        {...rest}
        {...tied(id, about)}
        className={`${BOX} ${isCode ? "font-mono" : ""}`}
      />
    </Around>
  );
}

export function AreaField({
  label,
  help,
  wrong,
  ...rest
}: About & TextareaHTMLAttributes<HTMLTextAreaElement>) {
  const id = useId();
  const about = { label, help, ...(wrong === undefined ? {} : { wrong }) };
  return (
    <Around {...about} id={id}>
      <textarea
        rows={3}
        spellCheck={false}
        autoComplete="off"
        {...rest}
        {...tied(id, about)}
        className={`${BOX} font-mono`}
      />
    </Around>
  );
}

export function SelectField({
  label,
  help,
  wrong,
  children,
  ...rest
}: About & SelectHTMLAttributes<HTMLSelectElement>) {
  const id = useId();
  const about = { label, help, ...(wrong === undefined ? {} : { wrong }) };
  return (
    <Around {...about} id={id}>
      <select {...rest} {...tied(id, about)} className={BOX}>
        {children}
      </select>
    </Around>
  );
}

export function CheckField({
  label,
  help,
  ...rest
}: { label: ReactNode; help?: ReactNode } & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId();
  return (
    <div className="flex items-start gap-2.5">
      <input
        type="checkbox"
        {...rest}
        id={id}
        {...(help === undefined ? {} : { "aria-describedby": `${id}-about` })}
        className="mt-1 size-4 shrink-0 accent-accent"
      />
      <div>
        <label htmlFor={id} className="text-sm font-medium">
          {label}
        </label>
        {help !== undefined && (
          <p id={`${id}-about`} className="text-sm text-muted">
            {help}
          </p>
        )}
      </div>
    </div>
  );
}
