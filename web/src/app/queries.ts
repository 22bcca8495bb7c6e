import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";

import { Problem } from "../api/http";
import { reach } from "./reach";

const RETRIES = 2;

/** One for the page's life; what every request finds out about the service goes to `reach`. */
export function makeQueryClient(): QueryClient {
  const heard = {
    onSuccess: () => {
      reach.answered();
    },
    onError: (error: unknown) => {
      reach.failed(error);
    },
  };
  return new QueryClient({
    queryCache: new QueryCache(heard),
    mutationCache: new MutationCache(heard),
    defaultOptions: {
      queries: {
        // What the server refused it will refuse again; only an absent or failing server is asked once more.
        retry: (failures, error) =>
          failures < RETRIES && !(error instanceof Problem && error.status >= 400 && error.status < 500),
      },
    },
  });
}
