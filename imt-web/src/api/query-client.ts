// How answers are kept and asked for again. It knows nothing of what is asked.
import { QueryCache, QueryClient } from "@tanstack/react-query";

import { ApiError, mayPass } from "./client";

/** Whether it is tried again by itself. Whoever asks too often is not helped by asking more. */
function isWorthAnother(failures: number, error: Error): boolean {
  const isTooOften = error instanceof ApiError && error.status === 429;
  return mayPass(error) && !isTooOften && failures < 2;
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
