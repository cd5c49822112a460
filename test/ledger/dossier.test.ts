import { afterEach, beforeEach, expect, it } from "vitest";
import { dossierOf } from "../../src/ledger/dossier.ts";
import { clinic } from "../call/clinic.ts";
import { openMemory, someNumber, type Memory } from "../support/memory.ts";
import { joined, NOW, writes } from "./correspondence.ts";

let memory: Memory;
beforeEach(() => {
  memory = openMemory({ businesses: [clinic()] });
});
afterEach(() => memory.close());

it("whoever asks what is known of them is told of every look at anything of theirs, and of nobody else's", async () => {
  const number = someNumber();
  const { call } = await joined(memory, { caller: number });
  await writes(memory, number, { kind: "unclear" }, { body: "Who is this?" }).answered;
  const other = await joined(memory, { caller: someNumber() });
  const person = (await memory.ledger.subscriber("clinic", number))?.id ?? "";
  const [job] = await memory.outgoing.list({ businessId: "clinic", subscriberId: person, limit: 10 });
  const incoming = memory.rows("message").find((row) => row["direction"] === "in");
  const entry = memory.rows("entry").find((row) => row["subscriber_id"] === person);
  const subjects = [person, call.callSid, String(incoming?.["id"]), String(job?.id), String(entry?.["id"])];
  for (const subject of [...subjects, other.call.callSid])
    await memory.reading.logAccess({
      actor: "op-1",
      actorName: "eve@example.com",
      action: "looked",
      businessId: "clinic",
      subject,
      detail: "",
      at: NOW,
    });
  const dossier = await dossierOf(memory, clinic(), number, NOW);
  expect(dossier.person?.accesses.map(({ subject }) => subject)).toEqual(subjects);
  expect(dossier.person?.messages.map(({ direction, words }) => [direction, words])).toEqual([
    ["out", "confirmation."],
    ["in", "Who is this?"],
  ]);
});

it("and of everything that ever left for them, however much it is, the oldest first", async () => {
  const number = someNumber();
  await joined(memory, { caller: number });
  const subscriberId = (await memory.ledger.subscriber("clinic", number))?.id ?? "";
  const about = { businessId: "clinic", subscriberId, simulated: false, entryId: null, requestedBy: null };
  const payload = { kind: "call", line: "+14155550100", locale: null } as const;
  await memory.outgoing.add(
    Array.from({ length: 1_100 }, (_, at) => ({
      ...about,
      cause: `call:${at}`,
      payload,
      dueAt: NOW,
      expiresAt: NOW + at,
    })),
    NOW,
  );
  const dossier = await dossierOf(memory, clinic(), number, NOW);
  const { outgoing = [] } = dossier.person ?? {};
  expect(outgoing).toHaveLength(1_101);
  expect(outgoing[0]?.kind).toBe("message");
  expect(new Set(outgoing.map(({ id }) => id)).size).toBe(1_101);
});
