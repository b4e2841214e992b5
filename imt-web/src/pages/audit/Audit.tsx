// What was done on the whole server, for administrators.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useSearchParams } from "react-router";

import { answer, client } from "../../api/client";
import { Page } from "../../shell/Page";
import { usePageState } from "../../ui/page-state";
import { Entries } from "./Entries";

export function Component() {
  usePageState("Audit");
  const [search] = useSearchParams();
  const cursor = search.get("cursor");
  const entries = useQuery({
    queryKey: ["audit", cursor],
    queryFn: ({ signal }) =>
      answer(
        client.GET("/api/v1/audit", {
          params: { query: { limit: 100, ...(cursor === null ? {} : { cursor }) } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });
  return (
    <Page title="Audit">
      <Entries query={entries} />
    </Page>
  );
}
