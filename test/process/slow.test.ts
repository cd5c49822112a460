import { connect } from "node:net";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, it } from "vitest";
import { signedRequest } from "../support/caller.ts";
import { sid } from "../support/line.ts";
import { startServer, type Server } from "../support/server.ts";

let server: Server;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server[Symbol.asyncDispose]());

describe.concurrent("a server that is made to wait", () => {
  it("cuts off a body that drips, writes nothing of it, and answers others meanwhile", async ({ expect }) => {
    const fields = { AccountSid: server.account.accountSid, CallSid: sid("CA"), To: "+14155550100" };
    const signed = signedRequest(server.url, "/voice", fields, server.account.authToken);
    const body = await signed.text();
    const socket = connect(server.port, "127.0.0.1");
    const closed = new Promise<string>((resolve) => {
      let received = "";
      socket.on("data", (data: Buffer) => (received += data.toString()));
      socket.on("error", () => undefined);
      socket.on("close", () => resolve(received));
    });
    const head = [...signed.headers].map(([name, value]) => `${name}: ${value}\r\n`).join("");
    socket.write(`POST /voice HTTP/1.1\r\nHost: line\r\nContent-Length: ${body.length}\r\n${head}\r\n`);
    let sent = 0;
    const drip = setInterval(() => sent < 60 && socket.write(body.charAt(sent++)), 100);
    const other = await server.call().begin();
    const received = await closed;
    clearInterval(drip);
    expect(other.status).toBe(200);
    expect(received).not.toContain("200 OK");
    expect(server.rows("call").map((row) => row["call_sid"])).not.toContain(fields.CallSid);
  });

  it("is not ready while another process holds the database, and ready again when it lets go", async ({
    expect,
  }) => {
    const other = new Database(server.file);
    other.exec("BEGIN IMMEDIATE");
    const locked = await server.get("/readyz");
    const alive = await server.get("/healthz");
    other.exec("COMMIT");
    other.close();
    expect(locked).toEqual({ status: 503, text: "not ready: no commit within 3000 ms\n" });
    expect(alive.status).toBe(200);
    expect(await server.get("/readyz")).toEqual({ status: 200, text: "ready\n" });
  });
});
