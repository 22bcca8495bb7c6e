import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useState } from "react";

import { makeQueryClient } from "./queries";
import { makeRouter } from "./router";
import { theme } from "./theme";

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
