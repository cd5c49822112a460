import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { onTestFinished } from "vitest";
import { phoneRoutes, type PhoneLimits } from "../../src/simulator/phone/routes.ts";
import { startLine, type Line } from "../support/line.ts";

export type PhoneLine = {
  url: string;
  line: Line;
  /** Closes every connection that is open now. */
  cut: () => void;
  stop: () => Promise<void>;
};

export type PhoneLineOptions = {
  limits?: Partial<PhoneLimits>;
  consoleUrl?: (callSid: string) => string;
  voicePath?: string;
};

/** The real line and the phone beside it, on one free port, with the simulator's own account. */
export async function startPhoneLine({
  voicePath = "/voice",
  ...options
}: PhoneLineOptions = {}): Promise<PhoneLine> {
  let app = new Hono();
  const server = serve({ fetch: (request, env) => app.fetch(request, env), hostname: "127.0.0.1", port: 0 });
  await new Promise((resolve) => server.once("listening", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const line = startLine({ publicUrl: url });
  const { simulator, businesses } = line.config;
  if (simulator === null) throw new Error("the simulator is off");
  const stopping = new AbortController();
  app = new Hono().route("/", line.app).route(
    "/phone",
    phoneRoutes({
      ...options,
      target: { url, voicePath, ...simulator },
      lines: businesses.flatMap(({ name, lines, locales }) =>
        lines.map((number) => ({ line: number, name, locales })),
      ),
      now: Date.now,
      stopping: stopping.signal,
    }),
  );
  const cut = () => {
    if ("closeAllConnections" in server) server.closeAllConnections();
  };
  return {
    url,
    line,
    cut,
    async stop() {
      stopping.abort();
      await new Promise((resolve) => {
        server.close(resolve);
        cut();
      });
      await line.stop();
    },
  };
}

/** One for this test alone, with nobody's consent in it. */
export async function freshLine(options: PhoneLineOptions = {}): Promise<PhoneLine> {
  const line = await startPhoneLine(options);
  onTestFinished(line.stop);
  return line;
}
