import { useComputedColorScheme } from "@mantine/core";

/** "light" or "dark" as now shown: canvases are painted anew when it changes. */
export function useScheme(): "light" | "dark" {
  return useComputedColorScheme("light");
}
