import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  keys,
  placeCall,
  systemRandom,
  createWire,
  virtualClock,
  type Act,
  type CallEvent,
  type Caller,
  type Transport,
} from "../../src/simulator/index.ts";
import { PUBLIC_URL, sid, startLine, type Line } from "../support/line.ts";

let line: Line;
beforeAll(() => {
  line = startLine();
});
afterAll(() => line.stop());

const MAX_LISTENINGS = 40;

/** Straight into the app: the webhook as it is signed, without a socket. */
const transport: Transport = async ({ url, headers, body }) => {
  const answer = await line.app.request(new Request(url, { method: "POST", headers, body }));
  const kept = Object.fromEntries(answer.headers);
  return { kind: "answer", status: answer.status, headers: kept, body: await answer.text(), tooLarge: false };
};

/** Time goes on with everything that is done; else the simulator's own bound would end the call. */
const later = fc.integer({ min: 100, max: 9_000 });
/** The keys that mean something come more often, so that calls get anywhere. */
const key = fc.oneof(fc.constantFrom(...keys), fc.constantFrom("1", "2", "3", "9", "#" as const));
const press: fc.Arbitrary<Act> = fc.record({
  do: fc.constant("press" as const),
  key,
  afterMs: later,
});
const act: fc.Arbitrary<Act | undefined> = fc.oneof(
  { weight: 50, arbitrary: press },
  { weight: 40, arbitrary: fc.constant(undefined) },
  { weight: 10, arbitrary: fc.record({ do: fc.constant("wake" as const), afterMs: later }) },
  { weight: 10, arbitrary: fc.record({ do: fc.constant("skip" as const), afterMs: later }) },
  { weight: 1, arbitrary: fc.constant({ do: "hang-up" as const, afterMs: 0 }) },
);
const acts = fc.array(act, { minLength: 1, maxLength: 60 });
const callers = fc.constantFrom(
  "+12185550101",
  "+12185550102",
  "+34600000171",
  "anonymous",
  "+19002345678",
  "",
);
const lines = fc.constantFrom("+14155550100", "+34915550100");

async function call(from: string, to: string, doing: readonly (Act | undefined)[]) {
  const clock = virtualClock();
  const random = systemRandom;
  const events: CallEvent[] = [];
  let index = 0;
  const caller: Caller = () => Promise.resolve(doing[index++ % doing.length]);
  const callSid = sid("CA");
  const [account] = line.config.accounts;
  const nothing = {
    stirVerstat: undefined,
    forwardedFrom: undefined,
    callerName: undefined,
    answeredBy: undefined,
  };
  const ended = await placeCall({
    facts: { callSid, accountSid: account?.sid ?? "", from, to, direction: "inbound", ...nothing, extra: {} },
    voiceUrl: `${PUBLIC_URL}/voice`,
    status: { url: `${PUBLIC_URL}/voice/status`, events: ["completed"], order: "as it happens" },
    wire: createWire({
      authToken: account?.authTokens[0] ?? "",
      clock,
      transport,
      random,
      stopwatch: () => 0,
    }),
    clock,
    random,
    startsAt: new Date(0),
    caller,
    onEvent: (event) => events.push(event),
  });
  return { callSid, ended, events };
}

const entriesOf = (callSid: string) => line.rows("entry").filter((row) => row["source_id"] === callSid);

describe("a caller who presses anything at any time", () => {
  it("comes to the end of the call without an error, and only a 1 that was heard ever grants", async () => {
    await fc.assert(
      fc.asyncProperty(callers, lines, acts, async (from, to, doing) => {
        const { callSid, ended, events } = await call(from, to, doing);
        expect(["caller", "service"]).toContain(ended.by);
        expect(events.flatMap((event) => (event.kind === "webhook" ? event.problems : []))).toEqual([]);
        expect(events.filter(({ kind }) => kind === "listening").length).toBeLessThan(MAX_LISTENINGS);
        const heard = events.flatMap((event) => (event.kind === "pressed" && event.heard ? [event.key] : []));
        const yeses = entriesOf(callSid).filter(
          (row) => row["kind"] === "granted" || row["kind"] === "pending",
        );
        expect(yeses.map((row) => row["key"])).toEqual(yeses.map(() => "1"));
        expect(yeses.length).toBeLessThanOrEqual(heard.filter((each) => each === "1").length);
        expect(line.errors).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it("grants nothing, refuses nothing and withdraws nothing as long as nobody hears a key", async () => {
    const lost: fc.Arbitrary<Act | undefined> = fc.constantFrom(
      undefined,
      { do: "wake", afterMs: 1_000 },
      { do: "skip", afterMs: 500 },
    );
    const before = line.rows("consent");
    await fc.assert(
      fc.asyncProperty(callers, lines, fc.array(lost, { minLength: 1 }), async (from, to, doing) => {
        const { callSid, ended } = await call(from, to, doing);
        expect([ended.by, entriesOf(callSid)]).toEqual(["service", []]);
      }),
      { numRuns: 60 },
    );
    expect(line.rows("consent")).toEqual(before);
  });

  it("grants nothing with any key but 1", async () => {
    const others = act.filter((each) => each?.do !== "press" || each.key !== "1");
    await fc.assert(
      fc.asyncProperty(lines, fc.array(others, { minLength: 1, maxLength: 60 }), async (to, doing) => {
        const { callSid } = await call("+12185550199", to, doing);
        const kinds = entriesOf(callSid).map((row) => row["kind"]);
        expect(kinds.filter((kind) => kind !== "refused")).toEqual([]);
      }),
      { numRuns: 80 },
    );
  });
});
