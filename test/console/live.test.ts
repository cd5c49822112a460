import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MAX_REPLAYED } from "../../src/console/live.ts";
import { startConsoleLine, type ConsoleLine } from "./console-line.ts";

let line: ConsoleLine;
let viewer: Awaited<ReturnType<ConsoleLine["operator"]>>;
beforeEach(async () => {
  line = await startConsoleLine();
  viewer = await line.operator("viewer");
});
afterEach(() => line.stop());

type Said = { readonly event: string; readonly data: string; readonly id: string | null };

/** What the tail says, until `enough` of it was read; then the connection breaks. */
async function listen(path: string, enough: (said: readonly Said[]) => boolean, lastEventId?: string) {
  const headers = { accept: "text/event-stream" };
  const stream = await viewer.get(
    path,
    lastEventId === undefined ? headers : { ...headers, "last-event-id": lastEventId },
  );
  const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
  const said: Said[] = [];
  for (let text = ""; !enough(said);) {
    const piece = await reader?.read();
    if (piece === undefined || piece.done) break;
    text += piece.value;
    const whole = text.split("\n\n");
    text = whole.pop() ?? "";
    for (const lines of whole.map((each) => each.split("\n"))) {
      const of = (name: string) =>
        lines.filter((each) => each.startsWith(`${name}: `)).map((each) => each.slice(name.length + 2));
      said.push({ event: of("event")[0] ?? "", data: of("data").join("\n"), id: of("id")[0] ?? null });
    }
  }
  await reader?.cancel();
  return said;
}

const told = (said: readonly Said[]) =>
  said
    .filter(({ event }) => event === "call")
    .map(({ data }) => [
      /data-call="(CA[0-9a-f]{32})"/.exec(data)?.[1],
      /data-tone="([a-z-]+)"/.exec(data)?.[1],
    ]);
const places = (said: readonly Said[]) => said.flatMap(({ id }) => (id === null ? [] : [id]));
const placed = (times: number) => (said: readonly Said[]) => places(said).length >= times;

/** Where the page says that its tail begins. */
async function placeOf(path: string): Promise<string> {
  return /data-after="(\d+)"/.exec(await viewer.page(path))?.[1] ?? "none";
}

describe("a live tail", () => {
  it("tells what came between the making of the page and the connection", async () => {
    await line.granted("+14155550181");
    const after = await placeOf("/console/log");
    const between = await line.granted("+14155550182");
    expect(told(await listen(`/console/log/live?after=${after}`, placed(1)))).toEqual([[between, "granted"]]);
  });

  it("goes on where the connection broke: each call once, as it is now, none from before", async () => {
    const after = await placeOf("/console/log");
    await line.granted("+14155550181");
    const first = await listen(`/console/log/live?after=${after}`, placed(1));
    const [place = ""] = places(first).slice(-1);
    const open = line.call({ from: "+14155550182" });
    await open.begin();
    const other = await line.granted("+14155550183");
    await open.press("2");
    const second = await listen(`/console/log/live?after=${after}`, placed(1), place);
    expect(told(second)).toEqual([
      [other, "granted"],
      [open.callSid, "refused"],
    ]);
    const again = await listen(
      `/console/log/live?after=${after}`,
      (said) => said.length > 1,
      places(second).at(-1),
    );
    expect(told(again)).toEqual([]);
  });

  it("gives a place only after all that came before it, so that a break in the middle loses nothing", async () => {
    const after = await placeOf("/console/log");
    for (const last of [1, 2, 3]) await line.granted(`+1415555018${last}`);
    const said = await listen(`/console/log/live?after=${after}`, placed(1));
    expect(said.map(({ event, id }) => [event, id === null])).toEqual([
      ["ready", true],
      ["call", true],
      ["call", true],
      ["call", true],
      ["place", false],
    ]);
  });

  it("says which call is no longer what the list asks for", async () => {
    const call = line.call({ from: "+14155550181" });
    await call.begin();
    const path = "/console/log?outcome=in-progress";
    const after = await placeOf(path);
    await call.press("1");
    const said = await listen(`/console/log/live?outcome=in-progress&after=${after}`, placed(1));
    expect(said.filter(({ event }) => event === "gone")).toMatchObject([{ data: call.callSid }]);
    expect(told(said)).toEqual([]);
  });

  it("tells no more than so many calls again, and then says so and ends", async () => {
    const after = await placeOf("/console/log");
    for (let calls = 0; calls <= MAX_REPLAYED; calls++)
      await line.call({ from: `+1415555${String(3000 + calls)}` }).begin();
    const said = await listen(`/console/log/live?after=${after}`, () => false);
    expect(said).toEqual([{ event: "missed", data: String(MAX_REPLAYED), id: null }]);
  }, 30_000);

  it("begins with now where its place is none of ours", async () => {
    await line.granted();
    for (const place of ["", "x", "99999999999999", "-1"]) {
      const said = await listen(`/console/log/live?after=${place}`, (all) => all.length > 1);
      expect(told(said)).toEqual([]);
    }
  });
});
