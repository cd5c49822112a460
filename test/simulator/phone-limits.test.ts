import { describe, expect, test } from "vitest";
import { phone, read, yes } from "./phone-service.ts";
import { twiml } from "./service.ts";

describe("the phone's bounds", () => {
  test("one call more than it can make is refused, until another ends", async () => {
    const { place, post, act, follow } = await phone({ limits: { calls: 1 } });
    const callSid = await place();
    expect(await post("/calls", { body: yes })).toMatchObject({
      status: 503,
      answer: { error: expect.stringContaining("Try again later") },
    });
    await act(callSid, { do: "hang-up" });
    await read(await follow(callSid));
    expect(await post("/calls", { body: yes })).toMatchObject({ status: 201 });
  });

  test("a call that no page listens to is hung up, and says why", async () => {
    const { place, follow, get } = await phone({ limits: { unattendedMs: 20 } });
    const callSid = await place();
    const played = async () => (await get(`/calls/${callSid}/scenario.yaml`)).text();
    await expect.poll(played).toContain("hangup: by-caller");
    const all = await read(await follow(callSid));
    expect(all.at(-1)?.event).toMatchObject({ kind: "ended", by: "caller" });
    expect(all.map(({ event }) => event["text"])).toContain(
      "No page listened to this call any more, so the phone hung up.",
    );
  });

  test("a call that nobody touches is hung up, and forgotten later", async () => {
    const { place, follow } = await phone({ limits: { idleMs: 60 } });
    const callSid = await place();
    const all = await read(await follow(callSid));
    expect(all.map(({ event }) => event["text"])).toContain(
      "Nobody touched this phone for a long time, so it hung up.",
    );
    await expect.poll(async () => (await follow(callSid)).status).toBe(404);
  });

  test("a call that would fill the memory is hung up", async () => {
    const loop = { "/voice": () => twiml("<Say>Again and again.</Say><Redirect>/voice</Redirect>") };
    const { place, follow } = await phone({ limits: { events: 30 } }, loop);
    const all = await read(await follow(await place()));
    expect(all.at(-1)?.event.kind).toBe("ended");
    expect(all.length).toBeLessThan(40);
    expect(all.map(({ event }) => event["text"])).toContain(
      "This call became too long for this phone, which hung up.",
    );
  });

  test("only so many pages listen to one call, and one that leaves makes room", async () => {
    const { place, follow } = await phone({ limits: { readers: 1 } });
    const callSid = await place();
    const first = await follow(callSid);
    expect((await follow(callSid)).status).toBe(503);
    await first.body?.cancel();
    await expect.poll(async () => (await follow(callSid)).status).toBe(200);
  });

  test("only so many ended calls are remembered, the newest ones", async () => {
    const { place, follow } = await phone(
      { limits: { endedCalls: 1 } },
      { "/voice": () => twiml("<Say>Goodbye.</Say>") },
    );
    const callSids = [await place(), await place()];
    await read(await follow(callSids[1] ?? ""));
    await expect.poll(async () => (await follow(callSids[0] ?? "")).status).toBe(404);
    expect((await follow(callSids[1] ?? "")).status).toBe(200);
  });

  test("when the server stops, every call is hung up, every stream ends, and no call begins", async () => {
    const stopping = new AbortController();
    const { place, follow, post } = await phone({ stopping: stopping.signal });
    const callSid = await place();
    const stream = await follow(callSid);
    stopping.abort();
    expect((await read(stream)).map(({ event }) => event["text"])).toContain("The server is stopping.");
    expect(await post("/calls", { body: yes })).toMatchObject({ status: 503 });
  });
});
