// A text to be taken along, with a button that does it.
import { useState } from "react";

import { IconButton } from "./Button";
import { CheckIcon, CopyIcon } from "./icons";
import { notifyError } from "./toasts";

export function CopyButton({ text, label = "Copy" }: { text: string; label?: string }) {
  const [isDone, setDone] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDone(true);
      setTimeout(() => setDone(false), 1500);
    } catch (error) {
      notifyError("It could not be copied", error);
    }
  };
  return (
    <IconButton label={isDone ? "Copied" : label} className="size-7" onClick={copy}>
      {isDone ? <CheckIcon className="size-4 text-success" /> : <CopyIcon />}
    </IconButton>
  );
}

export function CopyText({ text }: { text: string }) {
  return (
    <span className="flex min-w-0 items-center gap-1 rounded-md bg-sunken py-0.5 pr-1 pl-2.5">
      <code className="min-w-0 flex-1 font-mono text-sm break-all select-all">{text}</code>
      <CopyButton text={text} />
    </span>
  );
}
