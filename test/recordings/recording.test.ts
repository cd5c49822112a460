import { createHash } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { E164 } from "../../src/call/phone-number.ts";
import { forgetExpired } from "../../src/ledger/retention.ts";
import { startRecorded, type RecordedLine } from "./recorded-line.ts";

let line: RecordedLine;
beforeAll(async () => {
  line = await startRecorded();
});
afterEach(() => {
  line.state.troubles = [];
  line.state.isAltered = false;
  line.state.isMute = false;
  line.state.asked = [];
});
afterAll(() => line.stop());

const DAY_MS = 24 * 60 * 60_000;
const ANNOUNCED = "An audio recording of this call is being made, as proof of your answer.";
const keys = (row: Record<string, unknown> | undefined, ...names: string[]) =>
  names.map((name) => row?.[name]);

describe("somebody who agrees under a law that wants a recording", () => {
  it("hears first that the call is recorded, and the audio's digest stands in the log beside the yes", async () => {
    const { callSid, first, caller } = await line.calls(["1"]);
    expect(first.beforeGather.split("\n")[0]).toBe(ANNOUNCED);
    const [granted, recorded, ...more] = line.entries(callSid);
    expect(more).toEqual([]);
    expect(keys(granted, "kind", "recording_sid")).toEqual(["granted", null]);
    const audio = await line.audioAt(String(recorded?.["recording_sid"]));
    expect(audio).not.toBeNull();
    expect(keys(recorded, "kind", "topics", "key", "simulated", "recording_seconds")).toEqual([
      "recorded",
      "[]",
      null,
      1,
      1,
    ]);
    expect(keys(recorded, "recording_bytes", "recording_sha256", "subscriber_id")).toEqual([
      audio?.bytes,
      audio?.sha256,
      granted?.["subscriber_id"],
    ]);
    expect(await line.recording(callSid)).toMatchObject({ state: "kept", entryId: recorded?.["id"] });
    expect(await line.ledger.granted("kaap-clinic", caller, true)).toEqual(["appointment-reminders"]);
  });

  it("is recorded once, however often Twilio tells that it has ended, and whoever tells it", async () => {
    const { callSid, call } = await line.calls(["1"]);
    const sid = (await line.recording(callSid))?.sid ?? "";
    const told = { RecordingSid: sid, RecordingStatus: "completed" };
    expect((await call.post("/voice/recording?business=kaap-clinic", told)).status).toBe(204);
    await line.settle();
    const other = { RecordingSid: `RE${"e".repeat(32)}`, RecordingStatus: "completed" };
    expect((await call.post("/voice/recording?business=kaap-clinic", other)).status).toBe(204);
    expect((await call.post("/voice/recording?business=quiet-clinic", told)).status).toBe(204);
    expect((await call.post("/voice/recording?business=kaap-clinic", { RecordingSid: "RE1" })).status).toBe(
      400,
    );
    const forged = line.call({ callSid, authToken: "f".repeat(32) });
    expect((await forged.post("/voice/recording?business=kaap-clinic", other)).status).toBe(403);
    await line.settle();
    expect(line.entries(callSid).map(({ kind }) => kind)).toEqual(["granted", "recorded"]);
    expect(await line.recording(callSid)).toMatchObject({ state: "kept", sid });
    // Twilio had begun twice: the second audio is nobody's evidence, and goes.
    expect(line.state.asked.filter((each) => each.startsWith("DELETE"))).toEqual([
      `DELETE Recordings/${other.RecordingSid}.json`,
    ]);
  });

  it("is recorded though Twilio's word of the end got lost", async () => {
    line.state.isMute = true;
    const { callSid } = await line.calls(["1"]);
    expect(line.entries(callSid).map(({ kind }) => kind)).toEqual(["granted", "recorded"]);
  });

  it("is recorded once though the answer to the start got lost: it is looked for", async () => {
    line.state.isMute = true;
    line.state.troubles.push({ method: "POST", status: 500, code: 20_500, isDone: true });
    const { callSid } = await line.calls(["1"]);
    expect(await line.recording(callSid)).toMatchObject({ state: "wanted", sid: null });
    await line.later(20 * 60_000);
    expect(line.state.asked.filter((each) => each === "POST Recordings.json")).toHaveLength(1);
    expect(await line.recording(callSid)).toMatchObject({ state: "kept" });
  });

  it("refuses, and the recording proves the no as well", async () => {
    const { callSid } = await line.calls(["2"]);
    expect(line.entries(callSid).map(({ kind }) => kind)).toEqual(["refused", "recorded"]);
  });

  it("is not recorded any more once a person of the business takes over", async () => {
    const call = line.call({ from: "+27825550900", to: "+27215550100" });
    await call.begin();
    await line.settle();
    await call.press("0");
    await line.settle();
    const { sid } = (await line.recording(call.callSid)) ?? {};
    expect(line.state.asked).toContain(`POST Recordings/${String(sid)}.json`);
  });
});

describe("somebody who decides nothing", () => {
  it("leaves no audio: what nobody needs is deleted at once", async () => {
    const { callSid } = await line.calls([]);
    const { sid, state } = (await line.recording(callSid)) ?? {};
    expect(state).toBe("deleted");
    expect(sid).toMatch(/^RE/);
    expect(await line.audioAt(String(sid))).toBeNull();
    expect(line.entries(callSid)).toEqual([]);
  });

  it("is listened to until the call is over: until then a yes may still come", async () => {
    const call = line.call({ from: "+27825550901", to: "+27215550100" });
    await call.begin();
    await line.later(30_000, 2_000);
    expect(await line.recording(call.callSid)).toMatchObject({ state: "started" });
    await call.press("1");
    await line.later(5_000, 1_000);
    expect(await line.recording(call.callSid)).toMatchObject({ state: "kept" });
  });
});

describe("somebody who calls a business that records though no law asks it to", () => {
  it("hears so, and is recorded", async () => {
    const { callSid, first } = await line.calls(["1"], { from: "+14155550123", to: "+14155550102" });
    expect(first.beforeGather.split("\n")[0]).toBe(ANNOUNCED);
    expect(line.entries(callSid).map(({ kind }) => kind)).toEqual(["granted", "recorded"]);
  });
});

describe("where Twilio does not record,", () => {
  it("the yes stands, and everybody who looks sees that it has no recording, and why", async () => {
    const before = await line.memory.recordings.unwell();
    line.state.troubles.push({ method: "POST", status: 400, code: 21_220 });
    const { callSid, caller } = await line.calls(["1"]);
    expect(await line.recording(callSid)).toMatchObject({
      state: "missing",
      sid: null,
      reason: "Twilio 21220: Trouble.",
    });
    expect(await line.ledger.granted("kaap-clinic", caller, true)).toEqual(["appointment-reminders"]);
    expect(await line.memory.recordings.unwell()).toEqual({ ...before, missing: before.missing + 1 });
    expect(line.lines.filter((text) => text.includes('"not sent"') && text.includes("21220"))).toHaveLength(
      1,
    );
    const { supervisor } = line;
    const page = await supervisor.page(`/console/calls/kaap-clinic/${callSid}`);
    expect(page).toContain("No recording: Twilio 21220: Trouble.");
    expect(page).toContain("The law of ZA wants a recording");
    const [granted] = line.entries(callSid);
    const evidence = await supervisor.page(`/console/evidence/kaap-clinic/${String(granted?.["id"])}`);
    expect(evidence).toContain("no recording: Twilio 21220: Trouble.");
    expect((await supervisor.get(`/console/recordings/kaap-clinic/${callSid}`)).status).toBe(404);
  });

  it("or does not give the audio, a person can ask for it once more, and then it is kept", async () => {
    line.state.troubles.push({ method: "GET", status: 404, code: 20_404 });
    const { callSid } = await line.calls(["1"]);
    expect(await line.recording(callSid)).toMatchObject({
      state: "missing",
      reason: "Twilio 20404: Trouble.",
    });
    const [failed] = await line.memory.outgoing.list({ kind: "recording", states: ["failed"], limit: 1 });
    const { now } = line.clock;
    expect(await line.memory.outgoing.retry(failed?.id ?? "", now, now + DAY_MS)).toBe(true);
    await line.settle();
    expect(await line.recording(callSid)).toMatchObject({ state: "kept", reason: null });
    expect(line.entries(callSid).map(({ kind }) => kind)).toEqual(["granted", "recorded"]);
  });

  it("a call in which nothing was decided misses nothing", async () => {
    line.state.troubles.push({ method: "POST", status: 400, code: 21_220 });
    const { missing } = await line.memory.recordings.unwell();
    const { callSid } = await line.calls([]);
    expect(await line.recording(callSid)).toMatchObject({ state: "missing" });
    expect(await line.memory.recordings.unwell()).toEqual({ missing, deleting: 0 });
  });
});

describe("who listens", () => {
  const address = (callSid: string) => `/console/recordings/kaap-clinic/${callSid}`;

  it("is a supervisor, hears the very audio that was sealed, and is in the access log", async () => {
    const { callSid } = await line.calls(["1"]);
    const [, recorded] = line.entries(callSid);
    const { supervisor } = line;
    expect(await supervisor.page(`/console/calls/kaap-clinic/${callSid}`)).toContain(
      `src="${address(callSid)}"`,
    );
    const answer = await supervisor.get(address(callSid));
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "audio/wav"]);
    const heard = createHash("sha256")
      .update(Buffer.from(await answer.arrayBuffer()))
      .digest("hex");
    expect(heard).toBe(recorded?.["recording_sha256"]);
    expect(await line.accesses()).toContainEqual({
      action: "listened",
      actorName: supervisor.email,
      subject: callSid,
      detail: "a recording",
    });
  });

  it("is no viewer, who is told which role it takes and sees no player", async () => {
    const { callSid } = await line.calls(["1"]);
    const { viewer } = line;
    expect((await viewer.get(address(callSid))).status).toBe(403);
    expect(await viewer.page(`/console/calls/kaap-clinic/${callSid}`)).not.toContain("<audio");
    expect((await line.stranger().get(address(callSid))).status).toBe(303);
  });

  it("hears nothing of audio that is not what was sealed, and is told so; so is the log", async () => {
    const { callSid } = await line.calls(["1"]);
    const { supervisor } = line;
    line.state.isAltered = true;
    const answer = await supervisor.get(address(callSid));
    expect(answer.status).toBe(502);
    expect(await answer.text()).toContain("Not the audio that was sealed");
    const told = "a recording is not the audio that was sealed";
    expect(line.logged.join("")).toContain(told);
    line.state.isAltered = false;
    line.state.troubles.push({ method: "GET", status: 500, code: 20_500 });
    expect((await supervisor.get(address(callSid))).status).toBe(503);
    expect((await supervisor.get(address(callSid))).status).toBe(200);
    // Whoever tried is on record as whoever heard it is: before anything is fetched.
    const listened = (await line.accesses()).filter(
      ({ action, subject }) => action === "listened" && subject === callSid,
    );
    expect(listened).toHaveLength(3);
  });
});

describe("somebody who is forgotten", () => {
  const erase = (number: E164) =>
    line.memory.privacy.erase({
      businessId: "kaap-clinic",
      who: { number },
      keepSuppression: false,
      by: "cli",
      byName: "cli",
      at: line.clock.now,
    });

  it("takes the audio along: Twilio deletes it, the sealed digest stays, and the certificate counts it", async () => {
    const { callSid, caller } = await line.calls(["1"]);
    const sid = (await line.recording(callSid))?.sid ?? "";
    const certificate = await erase(caller);
    expect(certificate.erased.recordings).toBe(1);
    expect(await line.recording(callSid)).toMatchObject({ state: "deleting" });
    await line.settle();
    expect(await line.recording(callSid)).toMatchObject({ state: "deleted" });
    expect(await line.audioAt(sid)).toBeNull();
    expect(line.entries(callSid)[1]?.["recording_sid"]).toBe(sid);
    const { supervisor } = line;
    expect((await supervisor.get(`/console/recordings/kaap-clinic/${callSid}`)).status).toBe(404);
  });

  it("takes it along though Twilio does not delete it at first: it is asked until it has, and that is seen", async () => {
    const { callSid, caller } = await line.calls(["1"]);
    const { missing } = await line.memory.recordings.unwell();
    await erase(caller);
    line.state.troubles.push(
      { method: "DELETE", status: 500, code: 20_500 },
      { method: "DELETE", status: 400, code: 20_001 },
    );
    await line.settle();
    expect(await line.memory.recordings.unwell()).toEqual({ missing, deleting: 1 });
    await line.later(10 * 60_000);
    expect(await line.recording(callSid)).toMatchObject({ state: "deleted" });
    expect(await line.memory.recordings.unwell()).toEqual({ missing, deleting: 0 });
  });

  it("was named by somebody else, whose call is not kept either", async () => {
    const { callSid } = await line.calls(["3", "0027825550877", "1"]);
    expect(line.entries(callSid).map(({ kind }) => kind)).toEqual(["pending", "recorded"]);
    const certificate = await erase("+27825550877");
    expect(certificate.erased.recordings).toBe(1);
    await line.settle();
    expect(await line.recording(callSid)).toMatchObject({ state: "deleted" });
  });

  it("while the call is being recorded: the audio goes as soon as Twilio has begun", async () => {
    const call = line.call({ from: "+27825550902", to: "+27215550100" });
    await call.begin();
    await call.press("1");
    await erase("+27825550902");
    await line.settle();
    expect(await line.recording(call.callSid)).toMatchObject({ state: "deleted", sid: null });
    expect(line.state.asked).toEqual([]);
  });

  it("while Twilio is just beginning: what it has begun is deleted as soon as it says so", async () => {
    const call = line.call({ from: "+27825550903", to: "+27215550100" });
    await call.begin();
    await call.press("1");
    const now = line.clock.now;
    const due = await line.memory.outgoing.claim({ now, leaseMs: 60_000, limit: 1, kinds: ["recording"] });
    await erase("+27825550903");
    expect(await line.recording(call.callSid)).toMatchObject({ state: "deleting", sid: null });
    const sid = `RE${"a".repeat(32)}`;
    await line.memory.recordings.started("kaap-clinic", call.callSid, sid, now);
    await line.memory.outgoing.accepted(due[0]?.id ?? "", sid, now);
    await line.settle();
    expect(line.state.asked).toContain(`DELETE Recordings/${sid}.json`);
    expect(await line.recording(call.callSid)).toMatchObject({ state: "deleted", sid });
  });

  it("goes by itself when the retention has ended", async () => {
    const { callSid } = await line.calls(["2"]);
    const [business] = line.config.businesses;
    if (business === undefined) throw new Error("no business");
    const after = line.clock.now + 3 * 366 * DAY_MS;
    const who = { by: "retention", byName: "retention" };
    expect(await forgetExpired(line.memory.privacy, business, line.clock.now + DAY_MS, who)).toBe(0);
    expect(await forgetExpired(line.memory.privacy, business, after, who)).toBeGreaterThan(0);
    line.clock.now = after;
    await line.settle();
    expect(await line.recording(callSid)).toMatchObject({ state: "deleted" });
  });
});
