// A dialog over the page, and one that asks before something that cannot be undone.
import { useId, useLayoutEffect, useRef, useState, type ReactNode } from "react";
import { createPortal } from "react-dom";

import { Button, IconButton } from "./Button";
import { CrossIcon } from "./icons";

interface DialogProps {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  children: ReactNode;
  isWide?: boolean;
}

export function Dialog({ isOpen, ...rest }: DialogProps) {
  return isOpen ? createPortal(<Modal {...rest} />, document.body) : null;
}

/** The browser's own: it keeps the focus, gives it back, and needs no style that the policy of the pages forbids. */
function Modal({ title, onClose, children, isWide = false }: Omit<DialogProps, "isOpen">) {
  const element = useRef<HTMLDialogElement>(null);
  const heading = useId();
  // Before it leaves the page: afterwards the focus would not be given back.
  useLayoutEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  useLayoutEffect(() => {
    const dialog = element.current;
    // What is around it belongs to it: its content fills it.
    const press = (event: PointerEvent) => {
      if (event.target === dialog) onClose();
    };
    dialog?.addEventListener("pointerdown", press);
    return () => dialog?.removeEventListener("pointerdown", press);
  }, [onClose]);
  return (
    // eslint-disable-next-line jsx-a11y/no-redundant-roles -- the keys of pages know a dialog by it
    <dialog
      ref={element}
      role="dialog"
      aria-labelledby={heading}
      onCancel={onClose}
      className={`mx-auto mt-[8vh] mb-0 max-h-[84vh] w-[calc(100%-1.5rem)] overflow-auto overscroll-contain rounded-xl border border-line bg-surface p-0 text-text shadow-2xl backdrop:bg-black/45 ${isWide ? "max-w-2xl" : "max-w-md"}`}
    >
      <div className="p-5">
        <div className="mb-3 flex items-start justify-between gap-3">
          <h2 id={heading} className="min-w-0 text-lg font-semibold wrap-anywhere">
            {title}
          </h2>
          <IconButton label="Close" className="-mt-1.5 -mr-2" onClick={onClose}>
            <CrossIcon />
          </IconButton>
        </div>
        {children}
      </div>
    </dialog>
  );
}

interface ConfirmProps {
  title: string;
  /** What the button that goes on says: the deed, not "OK". */
  deed: string;
  isDangerous?: boolean;
  isWide?: boolean;
  isOpen: boolean;
  onClose: () => void;
  onConfirm: () => Promise<void>;
  children: ReactNode;
}

/** Asks first. It stays open until the deed is done, or says that it was not. */
export function Confirm({
  title,
  deed,
  isDangerous = true,
  isWide = false,
  isOpen,
  onClose,
  onConfirm,
  children,
}: ConfirmProps) {
  const [isBusy, setBusy] = useState(false);
  const go = async () => {
    setBusy(true);
    try {
      await onConfirm();
    } finally {
      setBusy(false);
      onClose();
    }
  };
  return (
    <Dialog title={title} isOpen={isOpen} isWide={isWide} onClose={onClose}>
      <div className="mb-5 space-y-2 text-muted">{children}</div>
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Leave it</Button>
        <Button look={isDangerous ? "danger" : "primary"} isBusy={isBusy} onClick={go}>
          {deed}
        </Button>
      </div>
    </Dialog>
  );
}
