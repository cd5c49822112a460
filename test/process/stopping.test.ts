import { existsSync } from "node:fs";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { describe, it } from "vitest";
import { startServer } from "../support/server.ts";
import { underWay } from "../support/under-way.ts";

describe.concurrent("a server that is told to stop", () => {
  it("is not ready any more, and says so to a probe that came in time", async ({ expect }) => {
    await using server = await startServer();
    const held = await underWay(server);
    const probe = connect(server.port, "127.0.0.1");
    const answered = text(probe);
    await new Promise((resolve) => probe.write("GET /readyz HTTP/1.1\r\nHost: line\r\n", resolve));
    // Answers to this one come after the server has read what was written to the other connection before.
    await server.get("/healthz");
    server.kill("SIGTERM");
    await server.says(/stopping: no new connections/);
    probe.write("\r\n");
    const answer = await answered;
    expect(answer).toMatch(/^HTTP\/1\.1 503 /);
    expect(answer).toContain("not ready: stopping");
    await held.finish();
    expect((await server.exited).code).toBe(0);
  });

  it("by Ctrl-C does the same, and leaves one whole file behind", async ({ expect }) => {
    await using server = await startServer();
    const call = server.call();
    await call.begin();
    await call.press("1");
    const exit = await server.stop("SIGINT");
    expect(exit).toMatchObject({ code: 0, signal: null });
    expect(existsSync(`${server.file}-wal`)).toBe(false);
    expect(server.rows("entry")).toHaveLength(1);
  });
});
