import { describe, expect, test } from "vitest";
import type { Received, Transport } from "../../src/simulator/http.ts";
import { eventsOf, play, presses, problemCodes, spokenWords } from "./play.ts";
import { twiml, type Handler } from "./service.ts";

// twilio.com/docs/usage/webhooks/webhooks-connection-overrides

const fine: Record<string, Handler> = { "/voice": () => twiml("<Say>fine</Say>") };

/** The first requests fail like this; the rest go over the wire. */
function failing(...failures: Received[]): (over: Transport) => Transport {
  const left = [...failures];
  return (over) => (delivery, limits) => {
    const failure = left.shift();
    return failure === undefined ? over(delivery, limits) : Promise.resolve(failure);
  };
}
const noConnection: Received = { kind: "failure", failure: "connect", message: "refused" };
const noName: Received = { kind: "failure", failure: "dns", message: "no such host" };
const noTls: Received = { kind: "failure", failure: "tls", message: "bad certificate" };
const noAnswer: Received = { kind: "failure", failure: "timeout", message: "no answer" };

const failsOnce = (status: number): Record<string, Handler> => ({
  "/voice": (_, index) => (index === 1 ? { status } : twiml("<Say>fine</Say>")),
});

describe("connection overrides", () => {
  test("by default a failed connection is tried again, once", async () => {
    expect(spokenWords(await play(fine, { transport: failing(noConnection) }))).toEqual(["fine"]);
    expect(problemCodes(await play(fine, { transport: failing(noConnection, noConnection) }))).toEqual([
      11_205,
    ]);
  });

  test("by default neither an error nor a read time-out is tried again", async () => {
    expect(problemCodes(await play(failsOnce(503)))).toEqual([11_200]);
    expect(problemCodes(await play(fine, { transport: failing(noAnswer) }))).toEqual([11_200]);
  });

  test.for([
    ["#rp=5xx", failsOnce(503), undefined],
    ["#rp=4xx", failsOnce(404), undefined],
    ["#rp=all", failsOnce(500), undefined],
    ["#rp=ct,rt", fine, noAnswer],
  ] as const)("%s retries what it names", async ([fragment, routes, failure]) => {
    const transport = failing(...(failure === undefined ? [] : [failure]));
    const played = await play(routes, { fragment, transport });
    expect([spokenWords(played), eventsOf(played, "webhook")[0]?.tries]).toEqual([["fine"], 2]);
  });

  test("#rc says how often", async () => {
    const five = [noConnection, noConnection, noConnection, noConnection, noConnection];
    expect(spokenWords(await play(fine, { fragment: "#rc=5", transport: failing(...five) }))).toEqual([
      "fine",
    ]);
    expect(problemCodes(await play(fine, { fragment: "#rc=0", transport: failing(noConnection) }))).toEqual([
      11_205,
    ]);
  });

  test("#rt shortens the wait for an answer, in call time", async () => {
    expect(problemCodes(await play(fine, { fragment: "#rt=1000", faults: { delayMs: 1_500 } }))).toEqual([
      11_200,
    ]);
    expect(spokenWords(await play(fine, { faults: { delayMs: 1_500 } }))).toEqual(["fine"]);
  });

  test("an answer after fifteen seconds is too late, and a retry does not lengthen the wait", async () => {
    const played = await play(fine, { fragment: "#rp=all&rc=5", faults: { delayMs: 20_000 } });
    expect(eventsOf(played, "webhook")[0]).toMatchObject({
      tries: 1,
      ms: 15_000,
      problems: [{ code: 11_200 }],
    });
  });

  test("the fragment itself does not travel", async () => {
    const played = await play(fine, { fragment: "#rc=2" });
    expect(played.received[0]?.path).toBe("/voice");
  });
});

describe("the wire", () => {
  test("a name that does not resolve and a certificate that is not valid have their own errors", async () => {
    expect(problemCodes(await play(fine, { transport: failing(noName, noName) }))).toEqual([11_210]);
    expect(problemCodes(await play(fine, { transport: failing(noTls, noTls) }))).toEqual([11_220]);
  });

  test("a lost answer is asked for again with the same body and the same signature", async () => {
    const played = await play(fine, { faults: { drops: 1 } });
    const [first, again] = played.received;
    expect(played.received).toHaveLength(2);
    expect([again?.rawBody, again?.headers]).toEqual([first?.rawBody, first?.headers]);
    expect(spokenWords(played)).toEqual(["fine"]);
  });

  test("copies arrive at the same moment, each with the same signature", async () => {
    const played = await play(fine, { faults: { copies: 3 } });
    const signatures = new Set(played.received.map(({ headers }) => headers["x-twilio-signature"]));
    expect([played.received.length, signatures.size]).toEqual([4, 1]);
  });

  test("HTTP redirects are followed: 302 with GET, 307 with the same form, each signed anew", async () => {
    const played = await play({
      "/voice": () => ({ status: 307, headers: { Location: "/moved" } }),
      "/moved": () => ({ status: 302, headers: { Location: "/there" } }),
      "/there": () => twiml("<Say>there</Say><Redirect>relative</Redirect>"),
      "/relative": () => twiml(""),
    });
    expect(played.received.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "POST /voice",
      "POST /moved",
      "GET /there",
      "POST /relative",
    ]);
    expect(played.received[1]?.rawBody).toBe(played.received[0]?.rawBody);
    expect(played.received[1]?.headers["x-twilio-signature"]).not.toBe(
      played.received[0]?.headers["x-twilio-signature"],
    );
  });

  test("ten redirects are followed, the eleventh is error 11215", async () => {
    const circle: Record<string, Handler> = {
      "/voice": (_, index) =>
        index <= 10 ? { status: 307, headers: { Location: "/voice" } } : twiml("<Say>arrived</Say>"),
    };
    expect(spokenWords(await play(circle))).toEqual(["arrived"]);
    const endless = await play({ "/voice": () => ({ status: 307, headers: { Location: "/voice" } }) });
    expect([problemCodes(endless), endless.received.length]).toEqual([[11_215], 11]);
  });

  test("the fallback URL is asked with ErrorCode and ErrorUrl, and the call goes on from there", async () => {
    const played = await play(
      {
        "/voice": () => ({ status: 500 }),
        "/fallback": () => twiml('<Gather numDigits="1" action="/next"/>'),
        "/next": () => twiml("<Say>saved</Say>"),
      },
      { fallback: true, caller: presses("1") },
    );
    expect(played.received[1]?.form).toMatchObject({ ErrorCode: "11200", ErrorUrl: `${played.url}/voice` });
    expect(spokenWords(played)).toEqual(["saved"]);
  });

  test("a fallback that fails too ends in the apology", async () => {
    const played = await play(
      { "/voice": () => ({ status: 500 }), "/fallback": () => ({ status: 500 }) },
      { fallback: true },
    );
    expect([problemCodes(played), played.ended.by]).toEqual([[11_200, 11_200], "twilio"]);
  });
});
