import { fireEvent, render, screen, waitFor } from "@testing-library/react";
import { useState } from "react";
import { expect, test, vi } from "vitest";

import { Confirm } from "./Dialog";

function Asking({ onConfirm }: { onConfirm: () => Promise<void> }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        Remove
      </button>
      <Confirm
        title="Remove it"
        deed="Remove it"
        isOpen={isOpen}
        onClose={() => setOpen(false)}
        onConfirm={onConfirm}
      >
        <p>It goes.</p>
      </Confirm>
    </>
  );
}

function ask(onConfirm: () => Promise<void>) {
  render(<Asking onConfirm={onConfirm} />);
  fireEvent.click(screen.getByRole("button", { name: "Remove" }));
  return screen.getByRole("dialog", { name: "Remove it" });
}

test.each([
  ["by its button", () => fireEvent.click(screen.getByRole("button", { name: "Leave it" }))],
  ["by the cross", () => fireEvent.click(screen.getByRole("button", { name: "Close" }))],
  ["by Escape", () => fireEvent(screen.getByRole("dialog"), new Event("cancel", { cancelable: true }))],
  ["by a press beside it", () => fireEvent.pointerDown(screen.getByRole("dialog"))],
])("left %s, nothing is done", (_, leave) => {
  const deed = vi.fn(() => Promise.resolve());
  ask(deed);
  leave();
  expect(screen.queryByRole("dialog")).toBeNull();
  expect(deed).not.toHaveBeenCalled();
});

test("a press within it does not close it", () => {
  ask(() => Promise.resolve());
  fireEvent.pointerDown(screen.getByText("It goes."));
  expect(screen.queryByRole("dialog")).not.toBeNull();
});

test("it stays until the deed is done, which is done once", async () => {
  let end: () => void = () => undefined;
  const deed = vi.fn(
    () =>
      new Promise<void>((done) => {
        end = done;
      }),
  );
  ask(deed);
  const go = screen.getByRole("button", { name: "Remove it" });
  fireEvent.click(go);
  fireEvent.click(go);
  expect(screen.queryByRole("dialog")).not.toBeNull();
  expect(deed).toHaveBeenCalledOnce();
  end();
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
});
