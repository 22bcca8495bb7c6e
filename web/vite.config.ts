import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** Where `npm run dev` finds a running `gridcast up`. */
const backend = process.env["GRIDCAST_URL"] ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2023",
    // Everything that the first page needs is 210 kB compressed; the bound is 250 kB.
    chunkSizeWarningLimit: 700,
    // Mantine's and uPlot's code changes less often than ours: browsers keep it over an upgrade.
    rolldownOptions: {
      output: {
        manualChunks: (id: string) => (id.includes("node_modules") ? "vendor" : undefined),
      },
    },
  },
  server: {
    proxy: {
      "/api": { target: backend, ws: true, changeOrigin: true },
    },
  },
  test: {
    environment: "jsdom",
    setupFiles: ["tests/setup.ts"],
    include: ["tests/**/*.test.{ts,tsx}"],
    restoreMocks: true,
    unstubGlobals: true,
    silent: "passed-only",
  },
});
