import { fireEvent, render, screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";

import { moveRow, useKeys } from "./keyboard";

function List({ onHelp }: { onHelp: () => void }) {
  useKeys(onHelp);
  return (
    <>
      <input data-search aria-label="search" />
      <a data-row href="#1">
        one
      </a>
      <a data-row href="#2">
        two
      </a>
    </>
  );
}

test("j and k move in a list, and stay at its ends", () => {
  render(<List onHelp={() => undefined} />);
  fireEvent.keyDown(document.body, { key: "j" });
  expect(document.activeElement?.textContent).toBe("one");
  fireEvent.keyDown(document.body, { key: "j" });
  fireEvent.keyDown(document.body, { key: "j" });
  expect(document.activeElement?.textContent).toBe("two");
  moveRow(-1);
  expect(document.activeElement?.textContent).toBe("one");
});

test("a slash goes to the search, where keys are letters again", () => {
  const help = vi.fn();
  render(<List onHelp={help} />);
  fireEvent.keyDown(document.body, { key: "/" });
  const field = screen.getByLabelText("search");
  expect(document.activeElement).toBe(field);
  fireEvent.keyDown(field, { key: "?" });
  fireEvent.keyDown(field, { key: "j" });
  expect(help).not.toHaveBeenCalled();
  expect(document.activeElement).toBe(field);
});

test("a question mark opens the help, but not with a key of the browser", () => {
  const help = vi.fn();
  render(<List onHelp={help} />);
  fireEvent.keyDown(document.body, { key: "?", ctrlKey: true });
  expect(help).not.toHaveBeenCalled();
  fireEvent.keyDown(document.body, { key: "?" });
  expect(help).toHaveBeenCalledOnce();
});
