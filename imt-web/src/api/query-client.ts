// How answers are kept and asked for again. It knows nothing of what is asked.
import { QueryCache, QueryClient } from "@tanstack/react-query";

import { ApiError } from "./client";

/** Whether another try may help: what was refused stays refused. */
function isWorthAnother(failures: number, error: Error): boolean {
  const mayPass = !(error instanceof ApiError) || error.status === 0 || error.status >= 500;
  return mayPass && failures < 2;
}

export const queryClient: QueryClient = new QueryClient({
  // Whoever is signed out by now learns of it by whatever is asked first.
  queryCache: new QueryCache({
    onError: (error, query) => {
      if (error instanceof ApiError && error.status === 401 && query.queryKey[0] !== "me") {
        void queryClient.resetQueries({ queryKey: ["me"] });
      }
    },
  }),
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
