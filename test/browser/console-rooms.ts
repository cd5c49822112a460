import { randomUUIDv7 } from "node:crypto";
import { keyText } from "../../src/ledger/key-text.ts";
import { ADMIN, serveConsoleLine, type ConsoleLine } from "../console/console-line.ts";
import { correspondent } from "../console/correspondent.ts";
import { toneOf } from "../../src/simulator/rest/wav.ts";
import { answers, begins, callOf, entryOf } from "../support/memory.ts";

export type Rooms = Awaited<ReturnType<typeof furnishConsole>>;

/** A console with something in every room, and the way to each. */
export async function furnishConsole() {
  const audio = { isAltered: false };
  const line = await serveConsoleLine({
    parts: {
      placeCall: async () => ({ kind: "queued", id: randomUUIDv7() }),
      playRecording: async () =>
        audio.isAltered
          ? { kind: "altered", sealed: "5e".repeat(32), found: "ff".repeat(32) }
          : { kind: "audio", audio: toneOf(RECORDING_SID) },
    },
  });
  const endpointId = await otherSystems(line);
  const callSid = await line.granted("+14155550123");
  const spanish = line.call({ from: "+34600112233", to: "+34915550100" });
  for (const key of ["", "1", "1", "2"]) await (key === "" ? spanish.begin() : spanish.press(key));
  await line.call({ from: "anonymous" }).begin();
  const idOf = async (digits: string) =>
    (await line.reading.findSubscribers({ kind: "last-digits", digits }, 1))[0]?.id ?? "";
  const id = await idOf("0123");
  await line.reading.addNote({
    businessId: "acme-dental",
    subscriberId: id,
    author: ADMIN.email,
    text: "Called back.",
    at: line.clock.now,
  });
  await line.ledger.register("acme-dental", "+14155550177", line.clock.now);
  await line.ledger.revoke({
    businessId: "hotel-miramar",
    number: "+34600112233",
    topics: ["reservation-updates"],
    simulated: true,
    source: "console",
    sourceId: "asked in writing",
    reason: "Asked in writing",
    locale: "es-ES",
    jurisdiction: "EU",
    script: "2026-11-22",
    at: line.clock.now + 1_000,
  });
  line.troubles.saw({ route: "begin", status: 403, outcome: "The signature does not fit." });
  await line.identity.add("viewer@example.com", "viewer");
  const written = await onWhatsApp(line, line.url);
  await line.memory.outgoing.end(
    (await line.memory.outgoing.list({ kind: "event", limit: 1 }))[0]?.id ?? "",
    "failed",
    { code: "500", message: "The endpoint answered with HTTP 500." },
    line.clock.now,
  );
  const agreed = (await line.reading.subscriber("acme-dental", await idOf("0166")))?.entries[0];
  const guest = await idOf("2233");
  const [entry] = (await line.reading.call("acme-dental", callSid))?.entries ?? [];
  const left = (await line.reading.subscriber("hotel-miramar", guest))?.entries.at(-1);
  const recorded = await recordedCall(line);
  return {
    line,
    audio,
    paths: {
      "A recorded call": `/console/calls/acme-dental/${recorded.callSid}`,
      "Evidence of a recording": `/console/evidence/acme-dental/${recorded.entryId}?call=${recorded.callSid}`,
      Today: "/console/today",
      Log: "/console/log",
      "Log, filtered": "/console/log?outcome=granted&locale=es-ES",
      "Log, with nobody": "/console/log?who=nobody",
      "One call": `/console/calls/acme-dental/${callSid}`,
      "One call in several languages": `/console/calls/hotel-miramar/${spanish.callSid}`,
      "One subscriber": `/console/subscribers/acme-dental/${id}?done=noted`,
      "Somebody who never agreed": `/console/subscribers/acme-dental/${await idOf("0177")}`,
      Evidence: `/console/evidence/acme-dental/${entry?.id}?call=${callSid}`,
      "Evidence of a withdrawal": `/console/evidence/hotel-miramar/${left?.id}?subscriber=${guest}`,
      "Somebody on WhatsApp": `/console/subscribers/acme-dental/${await idOf("0166")}`,
      "A number that is pending": `/console/subscribers/acme-dental/${await idOf("0188")}`,
      "Evidence of a yes on WhatsApp": `/console/evidence/acme-dental/${agreed?.id}?subscriber=${agreed?.subscriberId}`,
      "Evidence of a number change": `/console/evidence/acme-dental/${written.moved}?subscriber=${await idOf("0188")}`,
      "Other entries": "/console/entries",
      Inbox: "/console/inbox",
      "What leaves": "/console/outgoing",
      "What leaves, failed": "/console/outgoing?state=failed",
      "What leaves, with nothing": "/console/outgoing?state=expired&kind=call",
      "API keys": "/console/keys",
      Endpoints: `/console/endpoints?endpoint=${endpointId}`,
      "Access log": "/console/accesses",
      Script: "/console/script?business=hotel-miramar&locale=de-DE",
      Operators: "/console/operators",
      Forgetting: "/console/forgetting",
      "Past the retention": "/console/forgetting/hotel-miramar",
      Account: "/console/account",
      Help: "/console/help",
      "No such page": "/console/nowhere",
    },
  };
}

const RECORDING_SID = `RE${"5".repeat(32)}`;

/** A call whose audio is kept, and the entry that says so. */
async function recordedCall({ memory, ledger, clock }: ConsoleLine) {
  const { recordings } = memory;
  const line = "+14155550100";
  const call = callOf({ caller: "+27825550101", line, simulated: true, at: clock.now });
  const { businessId, callSid } = call;
  await ledger.record({ ...begins(call), recording: "start", jurisdiction: "ZA" });
  await ledger.record(answers(call, [entryOf()]));
  await recordings.started(businessId, callSid, RECORDING_SID, clock.now);
  const bytes = toneOf(RECORDING_SID).length;
  const kept = { sid: RECORDING_SID, seconds: 1, bytes, sha256: "5e".repeat(32) };
  const entry = await recordings.keep(businessId, callSid, kept, clock.now);
  return { callSid, entryId: entry?.id ?? "" };
}

/** Two keys and an endpoint; what is recorded from now on is told there. */
async function otherSystems({ memory, clock }: ConsoleLine): Promise<string> {
  const { keys, endpoints, decisions } = memory;
  const at = clock.now;
  const rest = { createdBy: ADMIN.email, revokedAt: null, lastUsedAt: null };
  for (const [name, life] of [
    ["Reminders", 90],
    ["Old booking system", -1],
  ] as const) {
    const { prefix, digest } = keyText(crypto.getRandomValues(new Uint8Array(32)));
    await keys.add(
      {
        ...rest,
        id: randomUUIDv7(),
        name,
        prefix,
        scopes: ["permissions", "consents:read"],
        businesses: ["acme-dental"],
        createdAt: at,
        expiresAt: at + life * 24 * 60 * 60 * 1000,
      },
      digest,
    );
  }
  const id = randomUUIDv7();
  await endpoints.add(
    {
      businessId: "acme-dental",
      id,
      url: "https://crm.example.com/hooks/yesline",
      kinds: ["granted", "revoked"],
      description: "The clinic's calendar",
      createdAt: at,
      createdBy: ADMIN.email,
    },
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  );
  for (let n = 0; n < 9; n++) {
    await decisions.keep({
      capped: false,
      businessId: "acme-dental",
      subscriberId: null,
      topic: "appointment-reminders",
      simulated: true,
      sendAt: at,
      allowed: n % 3 > 0,
      reason: n % 3 > 0 ? "granted" : "quiet_hours",
      entryId: null,
      keyId: "none",
      at,
    });
  }
  return id;
}

/** Agrees in the conversation, changes the number, writes what nobody understands; somebody else has no WhatsApp. */
async function onWhatsApp(line: ConsoleLine, publicUrl: string): Promise<{ readonly moved: string }> {
  const { clock, memory } = line;
  const someone = correspondent(line, "+14155550166", { publicUrl });
  // The confirmation of the call: this number is not on WhatsApp.
  for (const message of await someone.gets()) await someone.fate(message, "failed", 63024);
  await someone.writes("START");
  const [notice] = await someone.gets();
  if (notice === undefined) throw new Error("no notice has left");
  await someone.fate(notice, "read");
  clock.now += 60_000;
  await someone.writes("Yes", { ButtonPayload: `yes:${notice.id}`, OriginalRepliedMessageSid: notice.sid });
  for (const message of await someone.gets()) await someone.fate(message, "delivered");
  await someone.writes("Is the clinic open on Sunday? My other number is +1 415 555 0199");
  await correspondent(line, "+34600112233", { business: "hotel-miramar", publicUrl }).writes("¿A qué hora?");
  clock.now += 60_000;
  const other = correspondent(line, "+14155550167", { publicUrl });
  await other.writes("START");
  const [asked] = await other.gets();
  await other.writes("Yes", {
    ButtonPayload: `yes:${asked?.id}`,
    OriginalRepliedMessageSid: asked?.sid ?? "",
  });
  await other.gets();
  const entries = await memory.messages.changeNumber({
    businessId: "acme-dental",
    from: "+14155550167",
    to: "+14155550188",
    simulated: true,
    source: "console",
    sourceId: randomUUIDv7(),
    reason: "Asked on the phone",
    locale: "en-US",
    jurisdiction: "US",
    script: "2026-11-22",
    at: clock.now,
  });
  const [job] = await memory.outgoing.claim({
    now: clock.now,
    leaseMs: 60_000,
    limit: 1,
    kinds: ["message"],
  });
  const why = "No approved template for withdrawn in en-US: set whatsapp.templates.withdrawn.";
  await memory.outgoing.end(job?.id ?? "", "failed", { code: null, message: why }, clock.now);
  return { moved: entries.at(-1)?.id ?? "" };
}
