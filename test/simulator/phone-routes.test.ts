import { describe, expect, test } from "vitest";
import { parseScenarios } from "../../src/simulator/index.ts";
import { phone, read, waiting, yes } from "./phone-service.ts";
import { accountSid } from "./play.ts";
import { twiml } from "./service.ts";

describe("a page that is not the phone's own", () => {
  test.each([
    ["of another origin", { Origin: "https://elsewhere.example" }],
    ["that the browser calls cross-site", { "Sec-Fetch-Site": "cross-site" }],
    ["on another port of this machine", { "Sec-Fetch-Site": "same-site" }],
    ["without an origin, in a frame with no rights", { Origin: "null" }],
    ["that says nothing of itself", { Origin: undefined }],
  ])("%s can place no call", async (_, headers) => {
    const { post, service } = await phone();
    expect(await post("/calls", { body: yes, headers })).toMatchObject({ status: 403 });
    expect(service.received).toEqual([]);
  });

  test("can act in no call either", async () => {
    const { place, post } = await phone();
    const callSid = await place();
    const headers = { Origin: "https://elsewhere.example" };
    const refused = await post(`/calls/${callSid}/actions`, { body: { do: "hang-up" }, headers });
    expect(refused).toMatchObject({ status: 403, answer: { error: expect.stringContaining("own page") } });
  });

  test("cannot send a form, which needs no permission of the browser", async () => {
    const { post } = await phone();
    for (const type of ["text/plain", "application/x-www-form-urlencoded", undefined]) {
      expect((await post("/calls", { body: yes, headers: { "Content-Type": type } })).status).toBe(415);
    }
  });

  test("may neither frame the phone nor read its answers", async () => {
    const { get } = await phone();
    const { headers } = await get("");
    expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
    expect(headers.get("access-control-allow-origin")).toBeNull();
  });
});

describe("whoever asks for something odd", () => {
  test.each([
    ["nothing at all", "", "expected"],
    ["what is not JSON", "{", "expected"],
    ["a line that is not ours", JSON.stringify({ ...yes, line: "+1" }), "none of the lines"],
    [
      "from a number with a line break",
      JSON.stringify({ ...yes, caller: "+1\r\nX: y" }),
      "caller is a number",
    ],
    [
      "with an attestation nobody gives",
      JSON.stringify({ ...yes, attestation: "D" }),
      "attestation is one of",
    ],
    ["at a pace there is not", JSON.stringify({ ...yes, pace: "9" }), "pace is one of"],
  ])("to call %s is told what is wrong", async (_, raw, words) => {
    const { post } = await phone();
    const { status, answer } = await post("/calls", { raw });
    expect([status, answer["error"]]).toEqual([400, expect.stringContaining(words)]);
  });

  test("to press a key that telephones do not have is told so", async () => {
    const { place, act } = await phone();
    const callSid = await place();
    expect(await act(callSid, { do: "press", key: "A" })).toMatchObject({ status: 400 });
    expect(await act(callSid, { do: "dance" })).toMatchObject({ status: 400 });
  });

  test("to read four kilobytes and more is refused", async () => {
    const { post } = await phone();
    expect(await post("/calls", { body: { ...yes, caller: "1".repeat(5_000) } })).toMatchObject({
      status: 413,
    });
  });

  test("about a call that was never made finds nothing", async () => {
    const { act, follow, get } = await phone();
    expect((await act("CA0", { do: "hang-up" })).status).toBe(404);
    expect((await follow("CA0")).status).toBe(404);
    expect((await get("/calls/CA0/scenario.yaml")).status).toBe(404);
    expect((await get("/assets/..%2froutes.ts")).status).toBe(404);
  });
});

describe("somebody in a call", () => {
  test("is told of everything, numbered without gaps, until the call ends", async () => {
    const { place, act, follow } = await phone();
    const callSid = await place();
    const first = await read(await follow(callSid), waiting);
    expect(await act(callSid, { do: "press", key: "1" })).toMatchObject({ answer: { taken: true } });
    const all = await read(await follow(callSid));
    expect(all.map(({ id }) => id)).toEqual(all.map((_, index) => index + 1));
    expect(all.slice(0, first.length)).toEqual(first);
    expect(all[0]?.event).toMatchObject({
      kind: "placed",
      callSid,
      from: "+1 415 555 0123",
      name: "Acme <Dental>",
    });
    expect(all.at(-1)?.event).toMatchObject({ kind: "ended", by: "service" });
  });

  test("who was cut off reads on after the last event seen, and is not asked back after the end", async () => {
    const { place, act, follow } = await phone();
    const callSid = await place();
    const first = await read(await follow(callSid), waiting);
    await act(callSid, { do: "press", key: "2" });
    const seen = first.at(-1)?.id ?? 0;
    const rest = await read(await follow(callSid, String(seen)));
    expect(rest[0]?.id).toBe(seen + 1);
    expect(rest.at(-1)?.event.kind).toBe("ended");
    expect((await follow(callSid, String(rest.at(-1)?.id))).status).toBe(204);
  });

  test("signs as the simulator's account, with what the carrier attests and the number as typed", async () => {
    const { place, follow, service } = await phone();
    await read(await follow(await place()), waiting);
    await read(await follow(await place({ ...yes, caller: "withheld", attestation: "failed" })), waiting);
    expect(
      service.received.map(({ form }) => [form["AccountSid"], form["From"], form["StirVerstat"]]),
    ).toEqual([
      [accountSid, "+14155550123", "TN-Validation-Passed-A"],
      [accountSid, "anonymous", "TN-Validation-Failed"],
    ]);
    expect(service.received[0]?.headers["x-twilio-signature"]).toMatch(/^[\w+/]{27}=$/u);
  });

  test("keeps silent before the question, and the question passes by itself", async () => {
    const asks = twiml(`<Gather timeout="600" numDigits="1"><Say>${"Now then. ".repeat(40)}</Say></Gather>`);
    const { place, act, follow } = await phone({}, { "/voice": () => asks });
    const callSid = await place({ ...yes, pace: "4" });
    await read(await follow(callSid), ({ kind }) => kind === "speaking");
    expect(await act(callSid, { do: "silence" })).toMatchObject({ answer: { taken: true } });
    await act(callSid, { do: "pace", pace: "instant" });
    const all = await read(await follow(callSid));
    expect(all.map(({ event }) => event.kind)).toContain("silence");
    expect(all.map(({ event }) => event.kind)).not.toContain("waiting");
  });

  test("changes the pace while the line listens, and what is left of the time begins to run", async () => {
    const asks = twiml(`<Gather timeout="1" numDigits="1"/><Say>Goodbye.</Say>`);
    const { place, act, follow } = await phone({}, { "/voice": () => asks });
    const callSid = await place();
    await read(await follow(callSid), waiting);
    await act(callSid, { do: "pace", pace: "4" });
    const all = await read(await follow(callSid));
    expect(all.filter(({ event }) => waiting(event)).map(({ event }) => event["forMs"])).toEqual([
      1_000, 1_000,
    ]);
    expect(all.at(-1)?.event).toMatchObject({ kind: "ended" });
  });

  test("is told of a key that nobody could hear", async () => {
    const answers = Promise.withResolvers<undefined>();
    const { place, act, follow } = await phone(
      {},
      { "/voice": () => (answers.resolve(undefined), undefined) },
    );
    const callSid = await place();
    await answers.promise;
    expect(await act(callSid, { do: "press", key: "1" })).toMatchObject({ answer: { taken: false } });
    const [last] = (await read(await follow(callSid), ({ kind }) => kind === "lost")).slice(-1);
    expect(last?.event).toMatchObject({ kind: "lost", key: "1" });
  });

  test("is connected with a person, and sees it ring and talk", async () => {
    const { place, follow } = await phone({}, { "/voice": () => twiml("<Dial>+14155550190</Dial>") });
    const all = await read(await follow(await place()));
    expect(all.flatMap(({ event }) => (event.kind === "connecting" ? [event["stage"]] : []))).toEqual([
      "ringing",
      "talking",
    ]);
  });

  test("saves the call without what only this call was told", async () => {
    const words = "Your reference is 8 1 5 2 9 9.";
    const tail = "For the number ending in 0 1 2 3, press 1.";
    const { place, follow, get } = await phone(
      {},
      {
        "/voice": () => twiml(`<Say>${words}</Say><Say>${tail}</Say><Say>4 4 4 4 4 4 is a number.</Say>`),
      },
    );
    const callSid = await place();
    await read(await follow(callSid));
    const saved = await get(`/calls/${callSid}/scenario.yaml`);
    expect(saved.headers.get("content-disposition")).toMatch(/^attachment; filename="CA[0-9a-f]{6}\.yaml"$/u);
    const yaml = await saved.text();
    expect(parseScenarios(yaml, "saved.yaml").problems).toEqual([]);
    expect(yaml).not.toContain("8 1 5");
    expect(yaml).toContain("contains: Your reference is\n");
    expect(yaml).toContain(tail);
    expect(yaml).toContain("contains: is a number.\n");
  });
});

describe("the page's files", () => {
  test("have their types, and are not sent again when nothing has changed", async () => {
    const { get } = await phone();
    for (const [name, type] of [
      ["main.js", "text/javascript; charset=utf-8"],
      ["phone.css", "text/css; charset=utf-8"],
      ["icon.svg", "image/svg+xml; charset=utf-8"],
    ]) {
      const { headers } = await get(`/assets/${name}`);
      expect([headers.get("content-type"), headers.get("cache-control")]).toEqual([type, "no-cache"]);
      const again = await get(`/assets/${name}`, { "If-None-Match": headers.get("etag") ?? "" });
      expect(again.status).toBe(304);
    }
  });

  test("a business's name is text on the page, whatever it holds", async () => {
    const { get } = await phone();
    expect(await (await get("")).text()).toContain("Acme &lt;Dental&gt;");
  });
});
