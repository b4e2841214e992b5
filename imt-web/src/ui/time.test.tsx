import { act, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { exactText } from "./duration";
import { ClockFacts, Time } from "./Time";

const BEGIN = Date.parse("2030-01-01T00:00:00Z");
const at = (seconds: number) => new Date(BEGIN + seconds * 1000).toISOString();

beforeEach(() => vi.useFakeTimers({ now: BEGIN + 2000 }));
afterEach(() => vi.useRealTimers());

function pass(seconds: number): void {
  act(() => {
    vi.advanceTimersByTime(seconds * 1000);
  });
}

test("what was submitted is never less ago than it took", () => {
  const { rerender, container } = render(<ClockFacts submitted={at(0)} started={at(0)} ended={null} />);
  expect(container.textContent).toBe("just now2 s");
  pass(16);
  expect(container.textContent).toBe("18 s ago18 s");
  rerender(<ClockFacts submitted={at(0)} started={at(0)} ended={at(18)} />);
  pass(1);
  expect(container.textContent).toBe("19 s ago18 s");
});

test("what is older goes by the slow clock", () => {
  render(<Time at={at(-200)} />);
  const time = screen.getByText("3 min ago");
  pass(40);
  expect(time.textContent).toBe("4 min ago");
  expect(vi.getTimerCount()).toBe(1);
});

test("the exact moment is in the title of what is pointed at", () => {
  const { rerender } = render(<Time at={at(-200)} />);
  const time = screen.getByText("3 min ago");
  fireEvent.pointerEnter(time);
  expect(time.title).toBe(exactText(BEGIN - 200_000));
  rerender(<Time at={at(-300)} />);
  expect(time.title).toBe(exactText(BEGIN - 300_000));
});
