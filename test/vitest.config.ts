import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: new URL("..", import.meta.url).pathname,
    include: ["test/**/*.test.ts"],
    // At the end it looks through the logs of the whole suite for what none may hold.
    globalSetup: ["test/logs/setup.ts"],
    expect: { requireAssertions: true },
    // Many tests wait for server processes and browsers; two of them leave half of a core idle.
    maxWorkers: 3,
    // Files share a worker: nothing in src keeps state outside what its factories make.
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
