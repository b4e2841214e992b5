// A dialog over the page, and one that asks before something that cannot be undone.
import * as Radix from "@radix-ui/react-dialog";
import { useState, type ReactNode } from "react";

import { Button, IconButton } from "./Button";
import { CrossIcon } from "./icons";

interface DialogProps {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  children: ReactNode;
  isWide?: boolean;
}

export function Dialog({ title, isOpen, onClose, children, isWide = false }: DialogProps) {
  return (
    <Radix.Root open={isOpen} onOpenChange={(open) => (open ? undefined : onClose())}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/45" />
        <Radix.Content
          aria-describedby={undefined}
          className={`fixed inset-x-3 top-[8vh] z-40 mx-auto max-h-[84vh] overflow-auto rounded-xl border border-line bg-surface p-5 shadow-2xl ${isWide ? "max-w-2xl" : "max-w-md"}`}
        >
          <div className="mb-3 flex items-start justify-between gap-3">
            <Radix.Title className="text-lg font-semibold">{title}</Radix.Title>
            <Radix.Close asChild>
              <IconButton label="Close" className="-mt-1.5 -mr-2">
                <CrossIcon />
              </IconButton>
            </Radix.Close>
          </div>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

interface ConfirmProps {
  title: string;
  /** What the button that goes on says: the deed, not "OK". */
  deed: string;
  isDangerous?: boolean;
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
    <Dialog title={title} isOpen={isOpen} onClose={onClose}>
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
