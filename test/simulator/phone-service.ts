import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { onTestFinished } from "vitest";
import { phoneRoutes, type PhoneParts } from "../../src/simulator/phone/routes.ts";
import { consentLine } from "./consent-line.ts";
import { accountSid, authToken } from "./play.ts";
import { testService, type Handler } from "./service.ts";

const LINE = "+14155550100";
/** A call that can be placed. */
export const yes = { line: LINE, caller: "+1 (415) 555-0123", attestation: "A", pace: "instant" };

type Sent = { body?: unknown; headers?: Record<string, string | undefined>; raw?: string };

/** The phone on a port of its own, beside a TwiML service that is not ours. */
export async function phone(
  parts: Partial<PhoneParts> = {},
  routes: Record<string, Handler> = consentLine(new Map()),
) {
  const service = await testService(routes);
  onTestFinished(service.close);
  const app = new Hono().route(
    "/phone",
    phoneRoutes({
      target: { url: service.url, accountSid, authToken },
      lines: [{ line: LINE, name: "Acme <Dental>", locales: ["en-US"] }],
      now: () => Date.UTC(2026, 5, 1, 9),
      ...parts,
    }),
  );
  const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 });
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => {
    server.close();
    if ("closeAllConnections" in server) server.closeAllConnections();
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const post = async (path: string, { body, headers = {}, raw }: Sent) => {
    const all = { Origin: origin, "Content-Type": "application/json", ...headers };
    const sent = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const init = { method: "POST", headers: sent, body: raw ?? JSON.stringify(body) };
    const response = await fetch(`${origin}/phone${path}`, init);
    const answer = (await response.json()) as Record<string, unknown>;
    return { status: response.status, answer };
  };
  return {
    origin,
    service,
    post,
    place: async (body: object = yes) => String((await post("/calls", { body })).answer["callSid"]),
    act: (callSid: string, body: object) => post(`/calls/${callSid}/actions`, { body }),
    follow: (callSid: string, lastEventId = "0") =>
      fetch(`${origin}/phone/calls/${callSid}/events`, { headers: { "Last-Event-ID": lastEventId } }),
    get: (path: string, headers = {}) => fetch(`${origin}/phone${path}`, { headers }),
  };
}

export type Read = { id: number; event: { kind: string; [field: string]: unknown } };

/** Reads a stream of events up to its end, or up to one that is enough. */
export async function read(
  response: Response,
  enough: (event: Read["event"]) => boolean = () => false,
): Promise<Read[]> {
  const found: Read[] = [];
  let text = "";
  for await (const chunk of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const data = /^data: (\{.*)$/mu.exec(block)?.[1];
      if (data === undefined) continue;
      const event = JSON.parse(data) as Read["event"];
      found.push({ id: Number(/^id: (\d+)$/mu.exec(block)?.[1]), event });
      if (enough(event)) return found;
    }
  }
  return found;
}

export const waiting = ({ kind }: Read["event"]) => kind === "waiting";
