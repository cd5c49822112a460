import { createServer } from "@stoplight/prism-http-server";
import { getHttpOperationsFromSpec } from "@stoplight/prism-http";
import { pino, type Logger } from "pino";
import { http, passthrough } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { twilioRest, type TwilioRest } from "../../src/twilio/rest.ts";
import { DESCRIPTION_FILE, faultsOfRequest } from "./description.ts";

/** Twilio's description, played by a server that refuses whatever is not in it. */
const ACCOUNT_SID = `AC${"a".repeat(32)}`;
const CALL_SID = `CA${"c".repeat(32)}`;
const RECORDING_SID = `RE${"e".repeat(32)}`;

const silent = pino({ level: "silent", customLevels: { success: 31, start: 32 } });
const prism = await startPrism();

async function startPrism() {
  const operations = await getHttpOperationsFromSpec(DESCRIPTION_FILE);
  return createServer(operations, {
    components: { logger: silent as unknown as Logger },
    cors: false,
    config: {
      checkSecurity: true,
      validateRequest: true,
      // Twilio's own examples of lists are not what it describes: paths where it says URI.
      validateResponse: false,
      mock: { dynamic: false },
      errors: true,
      isProxy: false,
      upstreamProxy: undefined,
    },
  });
}

/** What prism does not look at: it ignores fields that are not described. */
const faults: string[] = [];
const seen: Request[] = [];
const watch = setupServer(
  http.all("http://127.0.0.1:*", async ({ request }) => {
    seen.push(request.clone());
    const fields = new URLSearchParams(await request.clone().text());
    faults.push(...faultsOfRequest(request.method, new URL(request.url), fields));
    return passthrough();
  }),
);

let rest: TwilioRest;
let address: string;
beforeAll(async () => {
  watch.listen({ onUnhandledFrame: "error" });
  address = await prism.listen(0, "127.0.0.1");
  rest = twilioRest({ accountSid: ACCOUNT_SID, authToken: "token", baseUrl: address });
});
afterEach(() => {
  seen.length = 0;
  faults.length = 0;
});
afterAll(async () => {
  watch.close();
  await prism.close();
});

const ADDRESSES = { from: "whatsapp:+14155550110", to: "whatsapp:+14155550123" };
const NUMBERS = { from: "+14155550100", to: "+14155550123" };
const statusCallback = "https://line.test/whatsapp/status?outgoing=01a20640-be81-73e4-9d40-ec4ea8502155";

describe("someone who reads Twilio's description finds every request in it, path, fields and authentication:", () => {
  const requests: readonly [string, () => Promise<unknown>, unknown][] = [
    [
      "a message from a template",
      () =>
        rest.sendMessage({
          ...ADDRESSES,
          statusCallback,
          content: { contentSid: `HX${"b".repeat(32)}`, variables: { "1": "Café & Söhne", "2": "x" } },
        }),
      { kind: "accepted", sid: expect.stringMatching(/^SM/) },
    ],
    [
      "a message in words",
      () => rest.sendMessage({ ...ADDRESSES, statusCallback, content: { body: "Sí, +1 & 2 = 3" } }),
      { kind: "accepted", sid: expect.stringMatching(/^SM/) },
    ],
    ["messages that were sent", () => rest.findMessages(ADDRESSES), { kind: "found" }],
    [
      "a call",
      () =>
        rest.placeCall({
          ...NUMBERS,
          url: "https://line.test/voice",
          statusCallback: "https://line.test/voice/status",
          machineDetectionTimeoutSeconds: 30,
        }),
      { kind: "accepted", sid: expect.stringMatching(/^CA/) },
    ],
    ["calls that were placed", () => rest.findCalls(NUMBERS), { kind: "found" }],
    [
      "a call that goes on elsewhere",
      () => rest.redirectCall(CALL_SID, "https://line.test/voice"),
      { kind: "accepted" },
    ],
    [
      "a call that is looked at",
      () => rest.fetchCall(CALL_SID),
      { kind: "call", call: { status: "completed" } },
    ],
    [
      "a call that is recorded from now on",
      () =>
        rest.startRecording({
          callSid: CALL_SID,
          statusCallback: "https://line.test/voice/recording?business=acme-dental",
        }),
      { kind: "accepted", sid: expect.stringMatching(/^RE/) },
    ],
    [
      "a call that is not recorded any more",
      () => rest.stopRecording(CALL_SID, RECORDING_SID),
      { kind: "accepted", sid: expect.stringMatching(/^RE/) },
    ],
    ["recordings of a call", () => rest.findRecordings(CALL_SID), { kind: "found" }],
    [
      "a recording that is looked at",
      () => rest.fetchRecording(RECORDING_SID),
      { kind: "recording", recording: { sid: expect.stringMatching(/^RE/) } },
    ],
    [
      "a recording that is deleted",
      () => rest.deleteRecording(RECORDING_SID),
      { kind: "accepted", sid: RECORDING_SID },
    ],
  ];

  it.each(requests)("%s", async (_, ask, answer) => {
    expect(await ask()).toMatchObject(answer as object);
    expect(seen).toHaveLength(1);
    expect(faults).toEqual([]);
    expect(seen[0]?.headers.get("authorization")).toBe(`Basic ${btoa(`${ACCOUNT_SID}:token`)}`);
  });
});

describe("the description is able to refuse:", () => {
  it("a request without authentication", async () => {
    const answer = await fetch(`${address}/2010-04-01/Accounts/${ACCOUNT_SID}/Messages.json`);
    expect(answer.status).toBe(401);
  });

  it("a template's name that is none", async () => {
    const content = { contentSid: "HX1", variables: {} };
    expect(await rest.sendMessage({ ...ADDRESSES, statusCallback, content })).toMatchObject({
      kind: "refused",
      code: "422",
    });
  });

  it("a field that Twilio does not have", () => {
    const url = new URL(`${address}/2010-04-01/Accounts/${ACCOUNT_SID}/Messages.json?Form=x`);
    expect(faultsOfRequest("POST", url, new URLSearchParams({ Too: "x", To: "y" }))).toEqual([
      expect.stringContaining("Form"),
      expect.stringContaining("Too"),
    ]);
  });
});
