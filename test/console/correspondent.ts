import type { E164 } from "../../src/call/phone-number.ts";
import type { OutPurpose } from "../../src/call/reply.ts";
import { writers } from "../../src/script/write.ts";
import { signedRequest } from "../support/caller.ts";
import { PUBLIC_URL, sid } from "../support/line.ts";
import type { ConsoleLine } from "./console-line.ts";

/** A message of ours that somebody got. */
export type Got = { readonly id: string; readonly sid: string; readonly purpose: OutPurpose };

type Written = Readonly<Record<string, string>>;

/** Somebody with WhatsApp, and the world that carries messages between them and the line. */
export function correspondent(
  line: Pick<ConsoleLine, "app" | "config" | "memory" | "scripts" | "clock">,
  number: E164,
  { business: id = "acme-dental", publicUrl = PUBLIC_URL } = {},
) {
  const [account] = line.config.accounts;
  const business = line.config.businesses.find((each) => each.id === id);
  if (account === undefined || business === undefined) throw new Error("no account, or no business");
  const write = writers(line.scripts);

  async function post(fields: Written, path = "/whatsapp"): Promise<void> {
    const request = signedRequest(
      publicUrl,
      path,
      { AccountSid: account?.sid ?? "", ApiVersion: "2010-04-01", ...fields },
      account?.authTokens[0] ?? "",
    );
    const answer = await line.app.request(request);
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
  }

  return {
    writes: (body: string, fields: Written = {}) =>
      post({
        Body: body,
        From: `whatsapp:${number}`,
        MessageSid: sid("SM"),
        NumMedia: "0",
        To: `whatsapp:${business.whatsapp.sender}`,
        WaId: number.slice(1),
        ...fields,
      }),

    /** What is due leaves, to whomever it goes, and Twilio takes it. */
    async gets(): Promise<readonly Got[]> {
      const { outgoing } = line.memory;
      const got: Got[] = [];
      for (let rounds = 0; rounds < 10; rounds++) {
        const jobs = await outgoing.claim({
          now: line.clock.now,
          leaseMs: 60_000,
          limit: 50,
          kinds: ["message"],
        });
        if (jobs.length === 0) break;
        for (const job of jobs) {
          if (job.payload.kind !== "message") continue;
          const whose = line.config.businesses.find((each) => each.id === job.businessId) ?? business;
          await outgoing.compose(job, { ...write(whose, job.payload), contentSid: null }, line.clock.now);
          const message = { id: job.id, sid: sid("SM"), purpose: job.payload.purpose };
          await outgoing.accepted(job.id, message.sid, line.clock.now);
          got.push(message);
        }
      }
      return got;
    },

    /** Twilio tells how far a message came. */
    fate: ({ id: outgoingId, sid: messageSid }: Got, status: string, errorCode?: number) =>
      post(
        {
          From: `whatsapp:${business.whatsapp.sender}`,
          To: `whatsapp:${number}`,
          MessageSid: messageSid,
          MessageStatus: status,
          ...(errorCode === undefined ? {} : { ErrorCode: String(errorCode) }),
        },
        `/whatsapp/status?outgoing=${outgoingId}`,
      ),
  };
}
