import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** Where `npm run dev` finds a running `gridcast up`. */
const backend = process.env["GRIDCAST_URL"] ?? "http://127.0.0.1:8000";

const EVERYWHERE =
  /node_modules\/(react|react-dom|scheduler|@tanstack\/(?!react-virtual|virtual-core)[^/]+)\//;

export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2023",
    chunkSizeWarningLimit: 700,
    // What every page needs of others' code changes less often than ours: browsers keep it over an upgrade. What only some pages
    // need goes with them.
    rolldownOptions: {
      output: {
        manualChunks: (id: string) => (EVERYWHERE.test(id) ? "vendor" : undefined),
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
    // Typing into whole pages takes seconds on a machine that does other things too.
    testTimeout: 20_000,
    restoreMocks: true,
    unstubGlobals: true,
    silent: "passed-only",
  },
});
