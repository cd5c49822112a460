import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { OutgoingStore } from "./ledger/outgoing.ts";
import type { Recordings } from "./ledger/recordings.ts";
import type { OutgoingSeen } from "./outbox/worker.ts";
import { watchLog } from "./log-metrics.ts";
import type { LogStatus } from "./sealing.ts";
import { watchMachine, type MachineStatus } from "./machine-metrics.ts";
import { watchPrivacy, type PrivacyStatus } from "./privacy-metrics.ts";
import { watchVerifying } from "./verify-metrics.ts";
import type { VerifyingStatus } from "./proof/verified.ts";
import type { VoiceObserver } from "./voice/routes.ts";
import type { WhatsAppObserver } from "./whatsapp/routes.ts";

/** What an operator watches, in Prometheus's text form. One registry for each app, none global. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  const calls = new Counter({
    name: "yesline_calls_total",
    help: "Calls that began.",
    labelNames: ["business", "simulated"],
    registers,
  });
  const entries = new Counter({
    name: "yesline_entries_total",
    help: "Entries recorded, by what they say.",
    labelNames: ["business", "kind", "simulated"],
    registers,
  });
  const outcomes = new Counter({
    name: "yesline_answers_total",
    help: "Webhooks of calls by what came next: a question, an ending, or a refusal.",
    labelNames: ["outcome", "simulated"],
    registers,
  });
  const webhooks = new Histogram({
    name: "yesline_webhook_seconds",
    help: "Time from a webhook's arrival to its answer.",
    labelNames: ["route", "status"],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15],
    registers,
  });
  const messages = new Counter({
    name: "yesline_messages_total",
    help: "WhatsApp messages that came, by what was understood.",
    labelNames: ["business", "intent", "simulated"],
    registers,
  });
  const fates = new Counter({
    name: "yesline_message_statuses_total",
    help: "Status callbacks of WhatsApp messages that left, by how far they came and Twilio's error code.",
    labelNames: ["status", "simulated"],
    registers,
  });
  const dropped = new Counter({
    name: "yesline_webhook_times_dropped_total",
    help: "Answered webhooks whose time the disk did not keep.",
    registers,
  });
  const turnedAway = new Counter({
    name: "yesline_writes_turned_away_total",
    help: "Writes that were refused at once, or after two seconds, because the disk did not follow.",
    registers,
  });
  const batches = new Histogram({
    name: "yesline_commit_batch_size",
    help: "Writes that shared one durable commit.",
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
    registers,
  });
  const outgoing = new Counter({
    name: "yesline_outgoing_total",
    help: "Attempts to send a message, a call or an event, by what came of them.",
    labelNames: ["kind", "outcome", "simulated"],
    registers,
  });

  let anyDropped = false;
  const webhook: VoiceObserver = (seen, error) => {
    const simulated = String(seen.simulated ?? "unknown");
    const business = seen.businessId ?? "none";
    webhooks.observe({ route: seen.route, status: seen.status }, seen.milliseconds / 1000);
    const refused = seen.status >= 400 || (seen.businessId ?? null) === null;
    const outcome =
      error !== undefined ? "sorry" : refused ? "rejected" : seen.outcome.replace(/^topic:.*/, "topic");
    if (seen.route !== "status" && seen.route !== "recording") outcomes.inc({ outcome, simulated });
    if (seen.route === "begin" && !refused && !seen.repeated && error === undefined)
      calls.inc({ business, simulated });
    if (!seen.repeated) for (const kind of seen.entries) entries.inc({ business, kind, simulated });
  };
  /** Outcomes are few: intents, and statuses with Twilio's code; a refusal's reason is for the log. */
  const message: WhatsAppObserver = (seen, error) => {
    const simulated = String(seen.simulated ?? "unknown");
    const business = seen.businessId ?? "none";
    webhooks.observe({ route: seen.route, status: seen.status }, seen.milliseconds / 1000);
    const refused = seen.status >= 400;
    if (seen.route === "message-status" && !refused && !seen.repeated)
      fates.inc({ status: seen.outcome, simulated });
    if (seen.route !== "message" || seen.repeated) return;
    const unread = error === undefined ? "rejected" : "sorry";
    messages.inc({
      business,
      intent: refused || business === "none" ? unread : seen.outcome,
      simulated,
    });
    for (const kind of seen.entries) entries.inc({ business, kind, simulated });
  };
  return {
    webhook,
    message,
    outgoing: ({ kind, outcome, simulated }: OutgoingSeen) =>
      outgoing.inc({ kind, outcome, simulated: String(simulated) }),
    /** How much waits is read when it is asked for. */
    watchOutgoing(outbox: Pick<OutgoingStore, "depth">, now: () => number): void {
      const states = new Gauge({
        name: "yesline_outgoing_rows",
        help: "Messages, calls and events that wait, are under way, or ended without having been sent.",
        labelNames: ["state"],
        registers,
        async collect() {
          for (const [state, count] of Object.entries((await outbox.depth()).states))
            states.set({ state }, count);
        },
      });
      const oldest = new Gauge({
        name: "yesline_outgoing_oldest_seconds",
        help: "Age of the oldest one that waits.",
        registers,
        async collect() {
          const { oldestWaitingAt } = await outbox.depth();
          oldest.set(oldestWaitingAt === null ? 0 : (now() - oldestWaitingAt) / 1000);
        },
      });
    },
    /** What nobody may overlook: a decision without the audio that it was to have. */
    watchRecordings(recordings: Pick<Recordings, "unwell">): void {
      const unwell = new Gauge({
        name: "yesline_recordings",
        help: "Calls that decided something and have no audio though they were to be recorded (missing), and audio that is still to be deleted at Twilio (deleting).",
        labelNames: ["state"],
        registers,
        async collect() {
          for (const [state, count] of Object.entries(await recordings.unwell()))
            unwell.set({ state }, count);
        },
      });
    },
    /** How the log is, read when it is asked for; one reading serves all of these. */
    watchLog: (status: () => Promise<LogStatus>, now: () => number) => watchLog(registry, status, now),
    watchPrivacy: (status: PrivacyStatus) => watchPrivacy(registry, status),
    watchVerifying: (status: () => VerifyingStatus) => watchVerifying(registry, status),
    watchMachine: (status: MachineStatus) => watchMachine(registry, status),
    committed: (jobs: number) => batches.observe(jobs),
    turnedAway: (jobs: number) => turnedAway.inc(jobs),
    /** @returns whether these are the first */
    dropped(count: number): boolean {
      const first = !anyDropped;
      anyDropped = true;
      dropped.inc(count);
      return first;
    },
    text: () => registry.metrics(),
  };
}
