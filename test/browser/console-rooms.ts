import { ADMIN, serveConsoleLine } from "../console/console-line.ts";

export type Rooms = Awaited<ReturnType<typeof furnishConsole>>;

/** A console with something in every room, and the way to each. */
export async function furnishConsole() {
  const line = await serveConsoleLine();
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
  const guest = await idOf("2233");
  const [entry] = (await line.reading.call("acme-dental", callSid))?.entries ?? [];
  const left = (await line.reading.subscriber("hotel-miramar", guest))?.entries.at(-1);
  return {
    line,
    paths: {
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
      "Access log": "/console/accesses",
      Script: "/console/script?business=hotel-miramar&locale=de-DE",
      Operators: "/console/operators",
      Account: "/console/account",
      Help: "/console/help",
      "No such page": "/console/nowhere",
    },
  };
}
