// Where the pages begin. It puts together what every page needs, and knows no page.
import "./first";
import "./theme.css";

import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { RouterProvider } from "react-router";

import { queryClient } from "./api/query-client";
import { Live } from "./live/live";
import { LiveContext } from "./live/useLive";
import { router } from "./routes";
import { followTheme } from "./shell/theme";

followTheme();

const live = new Live();
live.attach();

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no root");

createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <LiveContext value={live}>
        <RouterProvider router={router} />
      </LiveContext>
    </QueryClientProvider>
  </StrictMode>,
);
