import { createHash } from "node:crypto";
import { unzipSync } from "fflate";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { readSearch } from "../../src/console/search.ts";
import { startConsoleLine, type ConsoleLine } from "./console-line.ts";

let line: ConsoleLine;
beforeEach(async () => {
  line = await startConsoleLine();
});
afterEach(() => line.stop());

const rowsOn = (page: string) => [...page.matchAll(/data-call="(CA[0-9a-f]{32})"/g)].map(([, sid]) => sid);

describe("who looks for a caller", () => {
  it("finds them by a number typed in any form, which never stands in an address", async () => {
    const mine = await line.granted("+14155550123");
    await line.granted("+14155550199");
    const viewer = await line.operator("viewer");
    for (const q of [
      "+14155550123",
      "+1 (415) 555-0123",
      "415-555-0123",
      "(415) 555 0123",
      "415.555.0123",
      "0014155550123",
      "01114155550123",
      "tel:+1-415-555-0123",
    ]) {
      const answer = await viewer.post("/console/search", { q });
      const location = answer.headers.get("location") ?? "";
      expect([q, location]).toEqual([
        q,
        expect.stringMatching(/^\/console\/log\?who=acme-dental\/[0-9a-f-]{36}$/),
      ]);
      expect(rowsOn(await viewer.page(location))).toEqual([mine]);
    }
    expect(JSON.stringify(await line.accesses())).not.toContain("5550123");
  });

  it("finds them by the last four digits, by the reference they were told, and by the call's SID", async () => {
    const mine = await line.granted("+14155550123");
    const viewer = await line.operator("viewer");
    const reference = (await line.reading.call("acme-dental", mine))?.reference ?? "";
    for (const q of ["0123", "+1••••••0123", reference]) {
      const answer = await viewer.post("/console/search", { q });
      expect(rowsOn(await viewer.page(answer.headers.get("location") ?? ""))).toEqual([mine]);
    }
    const answer = await viewer.post("/console/search", { q: mine });
    expect(answer.headers.get("location")).toBe(`/console/calls/acme-dental/${mine}`);
  });

  it("is told what to do where nobody has that number, and where it is no number", async () => {
    const viewer = await line.operator("viewer");
    const answer = await viewer.post("/console/search", { q: "+14155550142" });
    expect(await viewer.page(answer.headers.get("location") ?? "")).toContain(
      "Nobody with this number has called.",
    );
    const unclear = await viewer.post("/console/search", { q: "<script>" });
    expect(unclear.status).toBe(400);
    expect(await unclear.text()).toContain("The search takes a number in any form");
  });

  it("finds somebody whose number was keyed in from another one, though they never called", async () => {
    const viewer = await line.operator("viewer");
    const call = line.call({ from: "anonymous" });
    await call.begin();
    await call.press("14155550188");
    await call.press("1");
    const answer = await viewer.post("/console/search", { q: "+14155550188" });
    const log = await viewer.page(answer.headers.get("location") ?? "");
    const link = /href="(\/console\/subscribers\/[^"]+)"/.exec(log)?.[1] ?? "";
    expect(await viewer.page(link)).toMatch(/pending|waiting/i);
  });

  it("may type what they like: a search is read or it is unclear", () => {
    const { businesses } = line.config;
    for (const text of [
      "",
      "1",
      "12",
      "123",
      "12345",
      "+",
      "++1",
      "٠١٢٣٤",
      "a".repeat(9_999),
      "0\u0000123",
      "'; DROP",
    ]) {
      expect(["unclear", "number", "last-digits"]).toContain(readSearch(text, businesses).kind);
    }
    expect(readSearch("600 11 22 33", businesses)).toMatchObject({
      numbers: expect.arrayContaining(["+34600112233"]),
    });
  });
});

describe("the log", () => {
  it("narrows by what the address says", async () => {
    await line.granted();
    const other = line.call({ from: "+14155550188" });
    await other.begin();
    await other.press("2");
    const viewer = await line.operator("viewer");
    expect(rowsOn(await viewer.page("/console/log"))).toHaveLength(2);
    expect(rowsOn(await viewer.page("/console/log?outcome=refused&business=acme-dental"))).toEqual([
      other.callSid,
    ]);
    expect(rowsOn(await viewer.page("/console/log?locale=es-ES"))).toEqual([]);
    expect(rowsOn(await viewer.page("/console/log?outcome=&cursor=%00&page=up"))).toHaveLength(2);
  });

  it("goes from page to page and back without losing a call or showing one twice", async () => {
    for (let calls = 0; calls < 120; calls++) {
      line.clock.now += 1_000;
      await line.granted(`+1415555${String(3000 + calls)}`);
    }
    const viewer = await line.operator("viewer");
    const pages = [await viewer.page("/console/log")];
    for (let next = nextOf(pages[0] ?? ""); next !== null; next = nextOf(pages.at(-1) ?? "")) {
      pages.push(await viewer.page(next));
    }
    const seen = pages.flatMap(rowsOn);
    expect([pages.length, seen.length, new Set(seen).size]).toEqual([3, 120, 120]);
    expect(rowsOn(await viewer.page("/console/log?page=last"))).toEqual(seen.slice(-50));
  });

  it("leaves simulated calls out where a Twilio account is configured, and shows them when asked", async () => {
    const real = await startConsoleLine({ parts: { showSimulated: false } });
    const callSid = await real.granted();
    const viewer = await real.operator("viewer");
    expect(rowsOn(await viewer.page("/console/log"))).toEqual([]);
    expect(rowsOn(await viewer.page("/console/log?world=all"))).toEqual([callSid]);
    expect(await viewer.page("/console/today")).toContain("Simulated calls are left out.");
    await real.stop();
  });

  it("keeps a view under a name, for this operator, and forgets it again", async () => {
    const viewer = await line.operator("viewer");
    await viewer.post("/console/log/views", {
      name: "Mine <b>",
      query: "locale=es-ES&outcome=granted",
    });
    const shown = await viewer.page("/console/log");
    expect(shown).toContain("/console/log?outcome=granted&amp;locale=es-ES");
    expect(shown).toContain("Mine &lt;b&gt;");
    await viewer.post("/console/log/views/remove", { name: "Mine <b>" });
    expect(await viewer.page("/console/log")).not.toContain("Mine &lt;");
  });

  it("leads to the phone while no call has come", async () => {
    const viewer = await line.operator("viewer");
    for (const path of ["/console/log", "/console/today"]) {
      const shown = await viewer.page(path);
      expect(shown).toContain("No call has come yet.");
      expect(shown).toContain('href="/phone"');
    }
  });
});

describe("the live tail", () => {
  it("shows a call within a second, and only to who is signed in", async () => {
    const viewer = await line.operator("viewer");
    const stream = await viewer.get("/console/log/live", { accept: "text/event-stream" });
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
    const heard = async (words: string) => {
      for (let text = ""; !text.includes(words);) text += (await reader?.read())?.value ?? words;
    };
    await heard("event: ready");
    const callSid = await line.granted();
    const from = performance.now();
    await heard(callSid);
    expect(performance.now() - from).toBeLessThan(1_000);
    await reader?.cancel();
    expect((await line.stranger().get("/console/log/live", { accept: "text/event-stream" })).status).toBe(
      401,
    );
  });
});

describe("one call", () => {
  it("shows the words as they were served, in their language, with the keys", async () => {
    const call = line.call({
      from: "+34600112233",
      to: "+34915550100",
      fields: { StirVerstat: "TN-Validation-Passed-A" },
    });
    await call.begin();
    const notice = await call.press("3");
    await call.press("1");
    const viewer = await line.operator("viewer");
    const shown = await viewer.page(`/console/calls/hotel-miramar/${call.callSid}`);
    expect(shown).toContain('lang="fr-FR"');
    for (const words of notice.words.split("\n")) expect(unescaped(shown)).toContain(words);
    expect(shown).toContain("Pressed 3");
    expect(shown).toContain("The carrier vouches that the caller may use this number.");
    expect(shown).toContain(line.config.businesses[0]?.script);
  });

  it("leads to the script's words only while they are still the ones that are spoken", async () => {
    const callSid = await line.granted();
    const viewer = await line.operator("viewer");
    const path = `/console/calls/acme-dental/${callSid}`;
    const link = /href="\/console\/script\?business=acme-dental&amp;locale=en-US">2026-11-22</;
    expect(await viewer.page(path)).toMatch(link);
    const businesses = line.config.businesses.map((each) => ({ ...each, script: "2027-01-15" }));
    const later = await startConsoleLine({ parts: { businesses, reading: line.reading } });
    onTestFinished(() => later.stop());
    const shown = await (await later.operator("viewer")).page(path);
    expect(shown).toContain("no longer spoken");
    expect(shown).not.toMatch(link);
  });

  it("is not there for who made its address up", async () => {
    const viewer = await line.operator("viewer");
    for (const path of [
      "/console/calls/acme-dental/CA0",
      "/console/subscribers/acme-dental/x",
      "/console/nowhere",
    ]) {
      expect((await viewer.get(path)).status).toBe(404);
    }
  });
});

describe("what people type (rows 52 and 53)", () => {
  it("is shown as text, never run: a note, a name, a search, an address", async () => {
    const script = `<script>alert("1")</script>`;
    await line.granted();
    const [person] = await line.reading.findSubscribers({ kind: "last-digits", digits: "0123" }, 1);
    const path = `/console/subscribers/acme-dental/${person?.id}`;
    const businesses = line.config.businesses.map((each) => ({ ...each, name: script }));
    const here = await startConsoleLine({ parts: { businesses } });
    await here.granted();
    const supervisor = await line.operator("supervisor");
    await supervisor.post(`${path}/notes`, { text: `${script}\r\nsecond line` });
    const pages = [
      await supervisor.page(path),
      await supervisor.page(`/console/accesses?who=${encodeURIComponent(script)}&subject="onload="`),
      await supervisor.page(`/console/log?topic=${encodeURIComponent(script)}`),
      await (await here.operator("viewer")).page("/console/log"),
      await line.stranger().page(`/console/sign-in?next=${encodeURIComponent(script)}`),
    ];
    for (const page of pages) {
      expect(page).not.toContain("<script>alert");
      expect(page).not.toContain('"onload="');
    }
    expect(pages[0]).toContain("&lt;script&gt;");
    await here.stop();
  });

  it("stays one line in the access log, without control characters", async () => {
    await line.signIn("evil@example.com\r\nsigned-in admin\u001b[31m", "guess");
    await line.signIn("evil\u001b[31m@example.com", "guess");
    const logged = line.rows("access_log").map((row) => String(row["actor_name"]));
    expect(logged).toHaveLength(2);
    // oxlint-disable-next-line no-control-regex
    for (const name of logged) expect(name).not.toMatch(/[\u0000-\u001f\u007f]/);
  });
});

describe("an export", () => {
  it("is the filtered list as CSV and NDJSON, numbers masked, and in the access log", async () => {
    const callSid = await line.granted();
    const supervisor = await line.operator("supervisor");
    const csv = await supervisor.post("/console/log/export/csv", { query: "outcome=granted" });
    expect(csv.headers.get("content-disposition")).toMatch(
      /^attachment; filename="calls-\d{4}-\d\d-\d\d\.csv"$/,
    );
    const [head, row, rest] = (await csv.text()).split("\r\n");
    expect(head).toMatch(/^"begun_at","business","call_sid"/);
    expect(row).toContain(`"${callSid}"`);
    expect(row).toContain(`"'+1••••••0123"`);
    expect(rest).toBe("");
    const ndjson = await (await supervisor.post("/console/log/export/ndjson", { query: "" })).text();
    expect(
      ndjson
        .trim()
        .split("\n")
        .map((each) => JSON.parse(each)),
    ).toMatchObject([{ call_sid: callSid, outcome: "granted", caller: "+1••••••0123", simulated: true }]);
    expect((await line.accesses()).map(({ action, detail }) => [action, detail])).toEqual(
      expect.arrayContaining([
        ["exported", "calls as csv, outcome=granted"],
        ["exported", "calls as ndjson"],
      ]),
    );
    expect((await supervisor.post("/console/log/export/xlsx")).status).toBe(404);
  });

  it("is read no faster than it is sent", async () => {
    let read = 0;
    const parts = {
      reading: {
        ...line.reading,
        async *exportCalls() {
          const [row] = (await line.reading.calls({}, { cursor: null, limit: 1, direction: "next" })).rows;
          if (row === undefined) return;
          for (; read < 1_000_000; read++) yield row;
        },
      },
    };
    await line.granted();
    const here = await startConsoleLine({ parts });
    const supervisor = await here.operator("supervisor");
    const stream = await supervisor.post("/console/log/export/csv");
    const reader = stream.body?.getReader();
    for (let pieces = 0; pieces < 5; pieces++) await reader?.read();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(read).toBeGreaterThan(400);
    expect(read).toBeLessThan(3_000);
    await reader?.cancel();
    await here.stop();
  });
});

describe("evidence", () => {
  it("is a ZIP with the record, the words, the events and the checks, which anybody can repeat", async () => {
    const callSid = await line.granted();
    const [entry] = (await line.reading.call("acme-dental", callSid))?.entries ?? [];
    const supervisor = await line.operator("supervisor");
    const answer = await supervisor.get(`/console/evidence/acme-dental/${entry?.id}/zip?call=${callSid}`);
    const files = unzipSync(new Uint8Array(await answer.arrayBuffer()));
    const text = (name: string) => Buffer.from(files[name] ?? []).toString("utf8");
    const record = JSON.parse(text("record.json")) as { recordId: string; notice: { sha256: string } };
    expect(record.recordId).toBe(entry?.id);
    expect(
      createHash("sha256")
        .update(files["notice.txt"] ?? "")
        .digest("hex"),
    ).toBe(record.notice.sha256);
    expect(JSON.parse(text("events.json"))).toMatchObject([
      { kind: "key" },
      { kind: "served", step: "notice" },
      { key: "1", keypress: "key" },
      {},
    ]);
    expect(text("checks.txt").match(/\[holds\]/g)).toHaveLength(5);
    expect(Object.keys(files).filter((name) => name.startsWith("words/"))).toHaveLength(2);
    expect(
      Object.values(files)
        .map((file) => Buffer.from(file).toString("utf8"))
        .join(""),
    ).not.toContain("4155550123");
    expect((await line.accesses())[0]).toMatchObject({
      action: "evidence",
      subject: entry?.id,
      detail: "as ZIP",
    });
  });

  it("says so where a stored word or the projection no longer fits", async () => {
    const callSid = await line.granted();
    const [entry] = (await line.reading.call("acme-dental", callSid))?.entries ?? [];
    const { client } = line.connection;
    const triggers = client.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'").all() as {
      name: string;
    }[];
    for (const { name } of triggers) client.exec(`DROP TRIGGER "${name}"`);
    client.exec(
      "UPDATE served_text SET words = words || ' and for ever'; UPDATE consent SET state = 'refused'",
    );
    const supervisor = await line.operator("supervisor");
    const shown = await supervisor.page(`/console/evidence/acme-dental/${entry?.id}?call=${callSid}`);
    expect(shown.match(/DOES NOT HOLD/g)).toHaveLength(2);
  });

  it("of a withdrawal in the console is there too, reached by the person", async () => {
    await line.granted();
    const [person] = await line.reading.findSubscribers({ kind: "last-digits", digits: "0123" }, 1);
    const supervisor = await line.operator("supervisor");
    const form = { topic: "policy-updates", reason: "asked", confirmed: "yes" };
    await supervisor.post(`/console/subscribers/acme-dental/${person?.id}/withdraw`, form);
    const entries = (await line.reading.subscriber("acme-dental", person?.id ?? ""))?.entries ?? [];
    const shown = await supervisor.page(
      `/console/evidence/acme-dental/${entries[1]?.id}?subscriber=${person?.id}`,
    );
    expect(shown).toContain("ConsentWithdrawn");
    expect(shown.match(/does not apply/g)?.length).toBeGreaterThanOrEqual(3);
  });
});

describe("Today", () => {
  it("counts what became of the calls, and groups what went wrong with webhooks", async () => {
    await line.granted();
    const other = line.call({ from: "+14155550188" });
    await other.begin();
    await other.press("2");
    for (let times = 0; times < 3; times++)
      line.troubles.saw({ route: "begin", status: 403, outcome: "no signature" });
    line.troubles.saw({ route: "answer", status: 200, outcome: "choice" });
    const shown = await (await line.operator("viewer")).page("/console/today");
    expect(shown).toMatch(/<span class="label">Granted<\/span\s*><strong>1<\/strong>/);
    expect(shown).toMatch(/<span class="label">Refused<\/span\s*><strong>1<\/strong>/);
    expect(shown).toMatch(/no signature<\/td>\s*<td class="figure" data-label="times">3</);
    expect(shown).toContain('role="img"');
  });
});

function nextOf(page: string): string | null {
  const href = /rel="next"\s+href="([^"]+)"/.exec(page)?.[1];
  return href === undefined ? null : unescaped(href);
}

function unescaped(page: string): string {
  return page
    .replaceAll(/<\/?mark[^>]*>/g, "")
    .replaceAll("&#39;", "'")
    .replaceAll("&quot;", '"')
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}
