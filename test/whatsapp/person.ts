import type { Business } from "../../src/call/business.ts";
import type { E164 } from "../../src/call/phone-number.ts";
import type { OutPurpose } from "../../src/call/reply.ts";
import { topicNames, writers } from "../../src/script/write.ts";
import { signedRequest } from "../support/caller.ts";
import { PUBLIC_URL, sid, type Line } from "../support/line.ts";

/** A message of ours as the person got it. */
export type Got = {
  readonly id: string;
  readonly sid: string;
  readonly purpose: OutPurpose;
  readonly topics: readonly string[];
  readonly words: string;
};

export type Fields = Readonly<Record<string, string | undefined>>;

let people = 0;

/** Someone with WhatsApp, writing to a demo business. What is sent to them leaves when `reads` is called. */
export function person(line: Line, business: Business, number: E164 = `+1415555${String(3_000 + people++)}`) {
  const [account] = line.config.accounts;
  if (account === undefined) throw new Error("no account");
  const write = writers(line.scripts);
  const got: Got[] = [];

  function request(fields: Fields, path = "/whatsapp"): Request {
    const all = {
      AccountSid: account?.sid,
      ApiVersion: "2010-04-01",
      Body: "",
      From: `whatsapp:${number}`,
      MessageSid: sid("SM"),
      NumMedia: "0",
      ProfileName: "Somebody",
      To: `whatsapp:${business.whatsapp.sender}`,
      WaId: number.slice(1),
      ...fields,
    };
    const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
    return signedRequest(PUBLIC_URL, path, given as Record<string, string>, account?.authTokens[0] ?? "");
  }

  const post = (fields: Fields, path?: string) => Promise.resolve(line.app.request(request(fields, path)));

  return {
    number,
    request,
    post,
    writes: (body: string, fields: Fields = {}) => post({ Body: body, ...fields }),
    /** Presses a button of one of our messages. */
    presses: (message: Got, answer: "yes" | "no") =>
      post({
        Body: answer,
        ButtonText: answer.toUpperCase(),
        ButtonPayload: `${answer}:${message.id}`,
        OriginalRepliedMessageSid: message.sid,
      }),
    /** Everything that is due leaves, in the real words, and is read; or Twilio has not said yet that it has it. */
    async reads({ accepted = true } = {}): Promise<readonly Got[]> {
      const { outgoing } = line.memory;
      const now = line.clock.now;
      const arrived: Got[] = [];
      for (let rounds = 0; rounds < 10; rounds++) {
        const jobs = await outgoing.claim({ now, leaseMs: 60_000, limit: 50, kinds: ["message"] });
        if (jobs.length === 0) break;
        for (const job of jobs) {
          if (job.payload.kind !== "message") continue;
          const text = write(business, job.payload);
          await outgoing.compose(job, { ...text, contentSid: null }, now);
          const message = { id: job.id, sid: sid("SM"), words: text.words };
          if (accepted) await outgoing.accepted(job.id, message.sid, now);
          arrived.push({ ...message, purpose: job.payload.purpose, topics: job.payload.topics });
        }
      }
      got.push(...arrived);
      return arrived;
    },
    /** Where this person stands, one state for each topic. */
    async stands(): Promise<Readonly<Record<string, string>>> {
      const known = await line.ledger.subscriber(business.id, number);
      return Object.fromEntries(known?.consents.map(({ topic, state }) => [topic, state]) ?? []);
    },
    async entries() {
      return (await line.ledger.subscriber(business.id, number))?.entries ?? [];
    },
    /** What waits to be sent, or was: purposes, oldest first. */
    async outbox(): Promise<string[]> {
      const rows = await line.memory.outgoing.list({ limit: 100 });
      return rows
        .toReversed()
        .map(({ payload }) => (payload.kind === "message" ? payload.purpose : payload.kind));
    },
    /** Agrees to everything on the phone. */
    async agreesByPhone(): Promise<void> {
      const call = line.call({ from: number, to: business.lines[0] });
      await call.begin();
      if (business.locales.length > 1) await call.press("2");
      for (let asked = 0; asked < business.topics.length && call.action() !== ""; asked++)
        await call.press("1");
    },
    namesOf: (topics: readonly string[]) => topicNames(business, topics, "en-US"),
  };
}

/** One of the demo businesses. */
export function businessOf(line: Line, id: "acme-dental" | "hotel-miramar"): Business {
  const found = line.config.businesses.find((each) => each.id === id);
  if (found === undefined) throw new Error(`${id} is not there`);
  return found;
}
