// What was told in passing. It is kept, so that it can be read again. It knows nothing of how it is shown.
import { useSyncExternalStore } from "react";

import { ApiError } from "../api/client";

export interface Toast {
  id: number;
  kind: "done" | "wrong";
  text: string;
  detail: string | null;
  at: string;
  /** Whether it still stands on the page by itself. */
  isFresh: boolean;
}

const MOST = 50;
const FRESH_MS = { done: 5_000, wrong: 12_000 };

let toasts: readonly Toast[] = [];
let last = 0;
const listeners = new Set<() => void>();

function put(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

export function notify(kind: Toast["kind"], text: string, detail: string | null = null): void {
  last += 1;
  const id = last;
  put([{ id, kind, text, detail, at: new Date().toISOString(), isFresh: true }, ...toasts].slice(0, MOST));
  setTimeout(() => settle(id), FRESH_MS[kind]);
}

/** Tells that something did not work, and why. */
export function notifyError(text: string, error: unknown): void {
  notify("wrong", text, explain(error));
}

/** Takes a toast off the page; it stays among those that can be read again. */
export function settle(id: number): void {
  put(toasts.map((toast) => (toast.id === id ? { ...toast, isFresh: false } : toast)));
}

export function explain(error: unknown): string {
  if (error instanceof ApiError)
    return error.requestId ? `${error.message} (request ${error.requestId})` : error.message;
  return error instanceof Error ? error.message : String(error);
}

export function useToasts(): readonly Toast[] {
  return useSyncExternalStore(subscribe, () => toasts);
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
