import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { signedRequest } from "../support/caller.ts";
import { PUBLIC_URL, sid, startLine, type Line } from "../support/line.ts";
import { businessOf, person, type Fields } from "./person.ts";

let line: Line;
beforeEach(() => {
  line = startLine();
});
afterEach(() => line.stop());

const acme = () => businessOf(line, "acme-dental");
const TABLES = ["message", "entry", "consent", "outbox", "subscriber", "served_text", "call"];
const rows = () => Object.fromEntries(TABLES.map((table) => [table, line.rows(table).length]));
const EMPTY = Object.fromEntries(TABLES.map((table) => [table, 0]));

describe("a request that is not Twilio's is refused, and not one row is written:", () => {
  const signed = (fields: Fields = {}, path?: string) =>
    person(line, acme()).request({ Body: "STOP", ...fields }, path);
  const token = () => line.config.accounts[0]?.authTokens[0] ?? "";

  const cases: [string, number, () => Request | Promise<Request>][] = [
    [
      "a signature for another path",
      403,
      () => changed(signed({}, "/whatsapp/status"), {}, `${PUBLIC_URL}/whatsapp`),
    ],
    ["a text longer than WhatsApp's", 400, () => signed({ Body: "x".repeat(4_097) })],
    ["no MessageSid", 400, () => signed({ MessageSid: undefined })],
    ["a MessageSid that is none", 400, () => signed({ MessageSid: "SM1" })],
    ["a sender that is not on WhatsApp", 400, () => signed({ From: "+14155550123" })],
    ["an opt-out that Twilio does not have", 400, () => signed({ OptOutType: "MAYBE" })],
    [
      "a body that stands twice",
      400,
      () => {
        const fields = {
          AccountSid: accountSid(),
          MessageSid: sid("SM"),
          From: "whatsapp:+14155550123",
          To: "whatsapp:+14155550110",
        };
        const twice = { ...fields, Body: ["NO", "YES"] } as unknown as Record<string, string>;
        const body = `${new URLSearchParams(fields).toString()}&Body=NO&Body=YES`;
        return signedRequest(PUBLIC_URL, "/whatsapp", twice, token(), body);
      },
    ],
    ["a status that Twilio does not have", 400, () => signed({ MessageStatus: "happy" }, "/whatsapp/status")],
    [
      "a status about what is not ours",
      400,
      () => signed({ MessageStatus: "sent" }, "/whatsapp/status?outgoing=1"),
    ],
    ["another path", 404, () => signed({}, "/whatsapp/other")],
  ];
  const accountSid = () => line.config.accounts[0]?.sid ?? "";

  it.each(cases)("%s: %i", async (_, status, request) => {
    const answer = await line.app.request(await request());
    expect(answer.status).toBe(status);
    expect(rows()).toEqual(EMPTY);
    expect(line.woken.times).toBe(0);
    expect(line.messageWebhooks.at(-1)).toMatchObject({ status, entries: [] });
    expect(line.errors).toEqual([]);
  });
});

describe("a message", () => {
  it("is answered with nothing to say; what is sent back goes through the outbox", async () => {
    const ann = person(line, acme());
    const answer = await ann.writes("stop");
    expect(answer.headers.get("content-type")).toBe("text/xml; charset=utf-8");
    expect(await answer.text()).toBe('<?xml version="1.0" encoding="UTF-8"?><Response/>');
    expect(line.woken.times).toBe(1);
  });

  it("that is delivered again gets the same answer and writes nothing", async () => {
    const ann = person(line, acme());
    const fields = { Body: "STOP", MessageSid: sid("SM") };
    await ann.post(fields);
    const before = rows();
    for (const body of ["STOP", "YES"]) expect((await ann.post({ ...fields, Body: body })).status).toBe(200);
    expect(rows()).toEqual(before);
    expect(line.woken.times).toBe(1);
    expect(line.messageWebhooks.at(-1)).toMatchObject({ repeated: true, entries: [] });
  });

  it("that is delivered twice at the same time writes once", async () => {
    const ann = person(line, acme());
    const fields = { Body: "STOP", MessageSid: sid("SM") };
    await Promise.all(Array.from({ length: 8 }, () => ann.post(fields)));
    expect(rows()).toMatchObject({ message: 1, entry: 1, outbox: 1 });
    expect(line.woken.times).toBe(1);
  });

  it("to a sender that no business has is not kept", async () => {
    const ann = person(line, acme());
    expect((await ann.writes("stop", { To: "whatsapp:+14155559999" })).status).toBe(200);
    expect(rows()).toEqual(EMPTY);
    expect(line.messageWebhooks.at(-1)?.outcome).toBe("no business has the sender +1••••••9999");
  });

  it("that holds nothing but a picture is a supervisor's", async () => {
    const ann = person(line, acme());
    await ann.writes("", { NumMedia: "1", MediaUrl0: "https://example.com/1", Body: undefined });
    expect(line.rows("message")).toMatchObject([{ purpose: "unclear" }]);
  });

  it("of the simulator's account changes nothing in the real world", async () => {
    await line.stop();
    line = startLine({
      env: { TWILIO_ACCOUNT_SID: sid("AC"), TWILIO_AUTH_TOKEN: "a".repeat(32), YESLINE_SIMULATOR: "on" },
    });
    const ann = person(line, acme());
    await ann.agreesByPhone();
    const simulator = line.config.accounts.find(({ simulated }) => simulated);
    const fields = {
      AccountSid: simulator?.sid ?? "",
      MessageSid: sid("SM"),
      Body: "STOP",
      From: `whatsapp:${ann.number}`,
      To: `whatsapp:${acme().whatsapp.sender}`,
    };
    const request = signedRequest(PUBLIC_URL, "/whatsapp", fields, simulator?.authTokens[0] ?? "");
    expect((await line.app.request(request)).status).toBe(200);
    const known = await line.ledger.subscriber("acme-dental", ann.number);
    const real = known?.consents.filter(({ simulated }) => !simulated).map(({ state }) => state);
    expect(real).toEqual(["granted", "granted"]);
    expect(line.rows("message").map(({ simulated }) => simulated)).toEqual([1]);
  });

  it("that cannot be kept is answered with a failure, so that it is delivered again", async () => {
    const ann = person(line, acme());
    line.connection.client.exec(
      "CREATE TRIGGER full BEFORE INSERT ON message BEGIN SELECT RAISE(ABORT, 'full'); END",
    );
    const fields = { Body: "STOP", MessageSid: sid("SM") };
    expect((await ann.post(fields)).status).toBe(500);
    expect(rows()).toEqual(EMPTY);
    expect(line.errors).toHaveLength(1);
    line.connection.client.exec("DROP TRIGGER full");
    expect((await ann.post(fields)).status).toBe(200);
    expect(rows()).toMatchObject({ message: 1, entry: 1 });
  });

  it("leaves no number and no word of it in the log or the metrics", async () => {
    const ann = person(line, acme());
    await ann.writes("please call me at home, my name is Ann");
    const seen = JSON.stringify(line.messageWebhooks) + (await line.metrics());
    expect(seen).not.toContain(ann.number.slice(-7));
    expect(seen).not.toMatch(/home|Ann|Somebody/);
    expect(seen).toContain(
      'yesline_messages_total{business="acme-dental",intent="unclear",simulated="true"} 1',
    );
    expect(line.messageWebhooks).toMatchObject([
      { route: "message", outcome: "unclear", businessId: "acme-dental" },
    ]);
  });
});

describe("a message's fate", () => {
  async function sent() {
    const ann = person(line, acme());
    await ann.writes("stop");
    const [message] = await ann.reads();
    if (message === undefined) throw new Error("nothing was sent");
    const tells = (MessageStatus: string, more: Fields = {}, id = message.id) =>
      ann.post(
        {
          MessageSid: message.sid,
          MessageStatus,
          From: `whatsapp:${acme().whatsapp.sender}`,
          To: `whatsapp:${ann.number}`,
          ...more,
        },
        `/whatsapp/status?outgoing=${id}`,
      );
    const stored = () => line.rows("message").find(({ id }) => id === message.id);
    return { ann, message, tells, stored };
  }

  it("is kept, and never goes back", async () => {
    const { tells, stored } = await sent();
    for (const status of ["sent", "read", "delivered", "sent"])
      expect((await tells(status)).status).toBe(204);
    expect(stored()).toMatchObject({ status: "read", error_code: null });
  });

  it("bears Twilio's code where it failed, and consent stays as it is", async () => {
    const { ann, tells, stored } = await sent();
    const before = await ann.stands();
    await tells("undelivered", { ErrorCode: "63024" });
    expect(stored()).toMatchObject({ status: "undelivered", error_code: 63_024 });
    expect(await ann.stands()).toEqual(before);
    expect(line.messageWebhooks.at(-1)).toMatchObject({
      outcome: "undelivered 63024",
      businessId: "acme-dental",
    });
  });

  it("of a message that we do not know is no error", async () => {
    const { tells } = await sent();
    expect(
      (await tells("sent", { MessageSid: sid("SM") }, "01a20640-be81-73e4-9d40-ec4ea8502155")).status,
    ).toBe(204);
  });
});

describe("junk at the door", () => {
  it("is refused or kept for a supervisor; it never fails, and never grants", async () => {
    const ann = person(line, acme());
    await ann.writes("start");
    await ann.reads();
    const text = fc.string({ unit: "grapheme", maxLength: 40 });
    const sids = fc.constantFrom(...Array.from({ length: 20 }, () => sid("SM")));
    const fields = fc.record(
      {
        Body: fc.oneof(text, fc.constantFrom("maybe", "yes?", "ok", "👍", "yes and no")),
        ButtonPayload: fc.oneof(text, fc.constantFrom("yes:1", "YES:", "agree")),
        ButtonText: text,
        OptOutType: fc.oneof(text, fc.constantFrom("START", "HELP")),
        MessageSid: fc.oneof(sids, text),
        From: fc.oneof(fc.constant(`whatsapp:${ann.number}`), text),
        To: fc.oneof(fc.constant("whatsapp:+14155550110"), text),
        OriginalRepliedMessageSid: fc.oneof(sids, text),
        MessageStatus: fc.oneof(fc.constantFrom("sent", "failed"), text),
        ErrorCode: text,
      },
      { requiredKeys: [] },
    );
    const paths = fc.constantFrom(
      "/whatsapp",
      "/whatsapp",
      "/whatsapp/status",
      "/whatsapp/status?outgoing=x",
      "/whatsapp/x",
    );
    await fc.assert(
      fc.asyncProperty(fields, paths, async (junk, path) => {
        const { status } = await ann.post(junk, path);
        expect([200, 204, 400, 403, 404, 413]).toContain(status);
      }),
      { numRuns: 300 },
    );
    expect(Object.values(await ann.stands())).not.toContain("granted");
    expect(line.errors).toEqual([]);
    expect(line.rows("entry").filter(({ kind }) => kind === "granted" || kind === "confirmed")).toEqual([]);
  });
});

/** The same request with other headers; null takes one away. */
async function changed(
  request: Request,
  headers: Record<string, string | null>,
  url = request.url,
): Promise<Request> {
  const all = new Headers(request.headers);
  for (const [name, value] of Object.entries(headers)) {
    if (value === null) all.delete(name);
    else all.set(name, value);
  }
  return new Request(url, { method: "POST", headers: all, body: await request.text() });
}
