import { once } from "node:events";
import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { drain } from "../src/server.ts";

afterEach(() => void vi.useRealTimers());

describe("a line that stops", () => {
  it("waits fifteen seconds, as Twilio does, for an answer that is under way, and cuts off what takes longer", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "setInterval", "clearTimeout", "clearInterval"] });
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const caller = connect((server.address() as AddressInfo).port, "127.0.0.1");
    caller.write("GET / HTTP/1.1\r\nHost: line\r\n\r\n");
    // Nobody ever answers it.
    await once(server, "request");
    let isCut = false;
    const cut = once(caller, "close").then(() => (isCut = true));
    caller.on("error", () => undefined).resume();
    const drained = drain(server);
    await vi.advanceTimersByTimeAsync(14_900);
    await new Promise((resolve) => setImmediate(resolve));
    expect(isCut).toBe(false);
    await vi.advanceTimersByTimeAsync(200);
    await Promise.all([cut, drained]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
