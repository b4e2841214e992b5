import { renderHook, act } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { ApiError } from "../api/client";
import { explain, notify, settle, useToasts } from "./toasts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a toast goes by itself and can be read again", () => {
  const { result } = renderHook(useToasts);
  act(() => notify("done", "saved"));
  expect(result.current[0]).toMatchObject({ text: "saved", isFresh: true });
  act(() => void vi.advanceTimersByTime(5_000));
  expect(result.current[0]).toMatchObject({ text: "saved", isFresh: false });
});

test("the newest comes first, fifty are kept, and one can be put away", () => {
  const { result } = renderHook(useToasts);
  act(() => {
    for (let number = 0; number < 60; number += 1) notify("wrong", `number ${number}`);
  });
  expect(result.current).toHaveLength(50);
  const newest = result.current[0];
  expect(newest?.text).toBe("number 59");
  act(() => settle(newest?.id ?? -1));
  expect(result.current.filter((toast) => !toast.isFresh)).toHaveLength(1);
});

test("a problem is told with its request", () => {
  expect(explain(new ApiError(409, "conflict", "it is over", "r7"))).toBe("it is over (request r7)");
  expect(explain(new ApiError(0, "unreachable", "no answer", null))).toBe("no answer");
});
