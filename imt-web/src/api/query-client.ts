// How answers are kept and asked for again. It knows nothing of what is asked.
import { QueryClient } from "@tanstack/react-query";

import { ApiError } from "./client";

/** Whether another try may help: what was refused stays refused. */
function isWorthAnother(failures: number, error: Error): boolean {
  const mayPass = !(error instanceof ApiError) || error.status === 0 || error.status >= 500;
  return mayPass && failures < 2;
}

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      retry: isWorthAnother,
      staleTime: 2_000,
      gcTime: 5 * 60_000,
      refetchOnWindowFocus: true,
      // A server that restarts on this machine is reached without a network.
      networkMode: "always",
    },
    mutations: { retry: false, networkMode: "always" },
  },
});
