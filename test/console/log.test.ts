import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MAX_VIEWS } from "../../src/console/preferences.ts";
import { startConsoleLine, type ConsoleLine } from "./console-line.ts";

let line: ConsoleLine;
beforeEach(async () => {
  line = await startConsoleLine();
});
afterEach(() => line.stop());

const DAY_MS = 24 * 60 * 60 * 1000;
const rowsOn = (page: string) => [...page.matchAll(/data-call="(CA[0-9a-f]{32})"/g)].map(([, sid]) => sid);
const countOn = (page: string) => Number(/id="count">\s*([\d,]+)/.exec(page)?.[1] ?? "0");

async function refused(from: string) {
  const call = line.call({ from });
  await call.begin();
  await call.press("2");
  return call.callSid;
}

describe("a figure of Today", () => {
  it.each([-300, 330])(
    "leads to exactly the calls it counts, in the reader's own day (%i)",
    async (offset) => {
      const viewer = await line.operator("viewer");
      viewer.jar.set("yesline-offset", String(offset));
      const midnight = Date.UTC(2026, 10, 23) - offset * 60_000;
      // Late in the evening of the day before.
      line.clock.now = midnight - 30 * 60_000;
      await line.granted("+14155550181");
      await refused("+14155550182");
      line.clock.now = midnight;
      await line.granted("+14155550183");
      await line.granted("+14155550184");
      await refused("+14155550185");
      await line.call({ from: "+14155550186" }).begin();
      line.clock.now = midnight + 15 * 60 * 60_000;
      const today = await viewer.page("/console/today");
      const cards = [...today.matchAll(/figure-card" href="([^"]+)"[^>]*>.*?<strong>(\d+)<\/strong>/gs)];
      const cells = [...today.matchAll(/<td class="figure">\s*<a href="([^"]+)"\s*>(\d+)<\/a/g)];
      expect([cards.length, cells.length]).toEqual([6, 4 + 2 + 5]);
      for (const [, href = "", figure] of [...cards, ...cells]) {
        const log = await viewer.page(href.replaceAll("&amp;", "&"));
        expect([href, rowsOn(log).length, countOn(log)]).toEqual([href, Number(figure), Number(figure)]);
      }
      expect(cards.map(([, , figure]) => figure)).toEqual(["1", "2", "1", "0", "0", "0"]);
    },
  );

  it("is held against earlier days only where there were any", async () => {
    const viewer = await line.operator("viewer");
    await line.granted();
    expect(await viewer.page("/console/today")).toContain("today is the first day");
    line.clock.now += DAY_MS;
    const second = await viewer.page("/console/today");
    expect(second).toContain("yesterday: 1");
    expect(second).toContain("none on earlier days");
    line.clock.now += DAY_MS;
    const third = await viewer.page("/console/today");
    // Not over the eleven days before the line was there.
    expect(third).toContain("before: 0.5 a day");
    expect(third).not.toContain("0.0 a day");
  });
});

describe("a filter that cannot be read", () => {
  it.each([
    ["outcome=nonsense", "Outcome", "Choose one of: granted, refused"],
    ["since=yesterday", "From", "Write the day as 2026-11-23."],
    ["since=2026-11-24&until=2026-11-23", "To", "exchange the two"],
    ["digits=12", "Last digits", "Write four digits"],
    ["business=%3Cb%3E", "Business", "Choose a business"],
    ["outcom=granted", "outcom", "There is no such filter"],
  ])("lists nothing and says which field and what to do: %s", async (address, label, fix) => {
    await line.granted();
    const viewer = await line.operator("viewer");
    const answer = await viewer.get(`/console/log?${address}`);
    const shown = await answer.text();
    expect([answer.status, rowsOn(shown)]).toEqual([400, []]);
    expect(shown).toContain(`<strong>${label}</strong>`);
    expect(shown).toContain(fix);
    expect(shown).not.toContain('id="live"');
    expect(shown).not.toContain("/log/export/");
  });

  it("keeps what was typed, and the way on keeps what could be read", async () => {
    const viewer = await line.operator("viewer");
    const shown = await viewer.page("/console/log?outcome=nonsense&since=yesterday&locale=es-ES");
    const [, outcome = ""] = /<select id="f-outcome".*?>(.*?)<\/select>/s.exec(shown) ?? [];
    expect([...outcome.matchAll(/value="([^"]*)"\s+selected/g)].map(([, value]) => value)).toEqual([
      "nonsense",
    ]);
    expect(shown).not.toContain('aria-current="true"');
    expect(shown).toMatch(/type="text"\s+name="since"\s+value="yesterday"/);
    expect(shown).toContain('class="button" href="/console/log?locale=es-ES"');
    const reversed = await viewer.page("/console/log?since=2026-11-24&until=2026-11-23");
    expect(reversed).toContain('class="button" href="/console/log?since=2026-11-24"');
  });

  it("is answered with 400 by an export, the live tail and a view, and nothing is logged as exported", async () => {
    await line.granted();
    const supervisor = await line.operator("supervisor");
    for (const format of ["csv", "ndjson"]) {
      const answer = await supervisor.post(`/console/log/export/${format}`, { query: "outcome=nonsense" });
      expect(answer.status).toBe(400);
      expect(await answer.text()).toContain("Outcome “nonsense”: Choose one of");
    }
    const long = `topic=${"a".repeat(2_000)}`;
    expect((await supervisor.post("/console/log/export/csv", { query: long })).status).toBe(400);
    const accept = { accept: "text/event-stream" };
    const live = await supervisor.get("/console/log/live?since=yesterday", accept);
    expect([live.status, await live.text()]).toEqual([
      400,
      "From “yesterday”: Write the day as 2026-11-23.\n",
    ]);
    const view = await supervisor.post("/console/log/views", { name: "Mine", query: "evil=1" });
    expect(view.status).toBe(400);
    expect(await supervisor.page("/console/log")).not.toContain("Forget the view");
    expect((await line.accesses()).map(({ action }) => action)).not.toContain("exported");
  });
});

describe("who searches the last four digits", () => {
  it("finds also who never called, masked, with the way to them", async () => {
    const call = line.call({ from: "anonymous" });
    await call.begin();
    await call.press("14155550188");
    await call.press("1");
    const viewer = await line.operator("viewer");
    const answer = await viewer.post("/console/search", { q: "0188" });
    const log = await viewer.page(answer.headers.get("location") ?? "");
    expect(rowsOn(log)).toEqual([]);
    expect(log).toContain("never called");
    expect(log).toContain("•••0188");
    expect(log).not.toContain("4155550188");
    const link = /href="(\/console\/subscribers\/[^"]+)"/.exec(log)?.[1] ?? "";
    expect(await viewer.page(link)).toContain("This number has not called.");
  });

  it("finds who called as well, and nobody of another business than asked for", async () => {
    const mine = await line.granted("+14155550123");
    const viewer = await line.operator("viewer");
    const shown = await viewer.page("/console/log?digits=0123");
    expect(rowsOn(shown)).toEqual([mine]);
    expect(shown).toContain("People with these last digits");
    expect(shown).not.toContain("never called");
    expect(await viewer.page("/console/log?digits=0123&business=hotel-miramar")).not.toContain(
      "People with these last digits",
    );
  });
});

describe("a view", () => {
  it("is each operator's own, where two share a browser", async () => {
    const [one, other] = [await line.operator("viewer"), await line.operator("viewer")];
    await one.post("/console/log/views", { name: "Spain", query: "locale=es-ES" });
    for (const [name, value] of one.jar) if (name.startsWith("yesline-views")) other.jar.set(name, value);
    expect(await one.page("/console/log")).toContain("Forget the view Spain");
    expect(await other.page("/console/log")).not.toContain("Forget the view Spain");
  });

  it("of a name that is there takes its place", async () => {
    const viewer = await line.operator("viewer");
    for (const query of ["locale=es-ES", "locale=de-DE"])
      await viewer.post("/console/log/views", { name: "Mine", query });
    const shown = await viewer.page("/console/log");
    expect(shown.match(/Forget the view Mine/g)).toHaveLength(1);
    expect(shown).toContain('href="/console/log?locale=de-DE"');
  });

  it("beyond the bound is refused in words, with its name kept, and the others stay", async () => {
    const viewer = await line.operator("viewer");
    const keep = (name: string, query = "locale=es-ES") => viewer.post("/console/log/views", { name, query });
    for (let views = 0; views < MAX_VIEWS; views++) expect((await keep(`View ${views}`)).status).toBe(303);
    const refusal = await keep("One more");
    const shown = await refusal.text();
    expect(refusal.status).toBe(400);
    expect(shown).toContain(`You keep ${MAX_VIEWS} views already. Forget one first.`);
    expect(shown).toContain('value="One more"');
    expect(shown.match(/Forget the view/g)).toHaveLength(MAX_VIEWS);
    await viewer.post("/console/log/views/remove", { name: "View 0" });
    expect((await keep("One more")).status).toBe(303);
    expect((await keep("")).status).toBe(400);
  });

  it("is refused before the browser would forget them all, because a cookie has its length", async () => {
    const viewer = await line.operator("viewer");
    const query = `topic=${"a".repeat(60)}&script=${"b".repeat(60)}&attestation=${"c".repeat(60)}&business=${"d".repeat(60)}`;
    const answers: number[] = [];
    for (let views = 0; views < MAX_VIEWS; views++) {
      const answer = await viewer.post("/console/log/views", { name: `${views} ${"é".repeat(30)}`, query });
      answers.push(answer.status);
      const cookie = answer.headers.getSetCookie().find((each) => each.startsWith("yesline-views"));
      expect(cookie?.split(";")[0]?.length ?? 0).toBeLessThan(4_000);
    }
    expect(answers).toContain(400);
    const kept = answers.filter((status) => status === 303).length;
    expect((await viewer.page("/console/log")).match(/Forget the view/g)).toHaveLength(kept);
  });
});
