import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useState } from "react";

import { Problem } from "../api/http";
import { makeRouter } from "./router";
import { theme } from "./theme";

function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // What the server refused it will refuse again; only an absent or failing server is asked once more.
        retry: (failures, error) =>
          failures < 2 && !(error instanceof Problem && error.status >= 400 && error.status < 500),
      },
    },
  });
}

export function App({ router = makeRouter() }: { readonly router?: ReturnType<typeof makeRouter> }) {
  const [queries] = useState(makeQueryClient);
  const [routes] = useState(router);
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <QueryClientProvider client={queries}>
        <RouterProvider router={routes} />
      </QueryClientProvider>
    </MantineProvider>
  );
}
