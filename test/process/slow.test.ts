import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, it } from "vitest";
import { startServer, type Server } from "../support/server.ts";

let server: Server;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server[Symbol.asyncDispose]());

describe.concurrent("a server that is made to wait", () => {
  it("is not ready while another process holds the database, and ready again when it lets go", async ({
    expect,
  }) => {
    const other = new Database(server.file);
    other.exec("BEGIN IMMEDIATE");
    const locked = await server.get("/readyz");
    const alive = await server.get("/healthz");
    other.exec("COMMIT");
    other.close();
    expect(locked).toEqual({ status: 503, text: "not ready: Another process holds the database's lock.\n" });
    expect(alive.status).toBe(200);
    expect(await server.get("/readyz")).toEqual({ status: 200, text: "ready\n" });
  });
});
