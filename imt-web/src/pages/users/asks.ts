// What administrators ask about users.
import { queryOptions } from "@tanstack/react-query";

import { answer, client } from "../../api/client";

export const askUsers = (cursor: string | null) =>
  queryOptions({
    queryKey: ["users", cursor],
    queryFn: ({ signal }) =>
      answer(
        client.GET("/api/v1/users", {
          params: { query: { limit: 100, ...(cursor === null ? {} : { cursor }) } },
          signal,
        }),
      ),
  });
