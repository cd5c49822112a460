import { XMLValidator } from "fast-xml-parser";
import { describe, expect, test } from "vitest";
import {
  reportHtml,
  reportJson,
  reportJunit,
  reportNdjson,
  reportPretty,
} from "../../src/simulator/report.ts";
import type { ScenarioResult } from "../../src/simulator/run.ts";

const nasty = `<script>alert("x & y")</script> ]]> \u0007 'quoted'`;

const passed: ScenarioResult = {
  name: "says yes",
  file: "calls/yes.yaml",
  line: 1,
  ok: true,
  reached: true,
  callSid: `CA${"a".repeat(32)}`,
  steps: [{ ok: true, status: "passed", line: 4, step: 'press: "1"' }],
  events: [],
  messages: [],
  problems: [],
  durationMs: 12.5,
  callMs: 34_000,
};
const failed: ScenarioResult = {
  ...passed,
  name: nasty,
  file: "calls/<no>.yaml",
  ok: false,
  steps: [
    {
      ok: false,
      status: "failed",
      line: 7,
      step: `hear: ${nasty}`,
      heard: nasty,
      expected: nasty,
      message: nasty,
    },
    { ok: false, status: "skipped", line: 8, step: "hangup: by-service" },
  ],
  events: [
    {
      kind: "spoken",
      text: nasty,
      language: "en-US",
      voice: undefined,
      complete: false,
      fromMs: 0,
      toMs: 10,
      insideGather: false,
      beforeGather: true,
    },
    {
      kind: "webhook",
      atMs: 0,
      purpose: "call",
      method: "POST",
      url: "http://x.test/?a=1&b=2",
      params: {},
      status: undefined,
      ms: 1,
      tries: 2,
      twiml: nasty,
      problems: [{ code: 11_205, severity: "error", message: nasty }],
    },
    { kind: "ended", atMs: 10, by: "caller", reason: nasty, status: "completed" },
  ],
};
const both = [passed, failed];

describe("a report", () => {
  test("for a person names what failed, where, what was heard and expected", () => {
    expect(reportPretty(both)).toContain("✓ says yes (a call of 34.0 s, played in 13 ms)");
    expect(reportPretty(both)).toContain(
      `    calls/<no>.yaml:7: hear: ${nasty}\n      ${nasty}\n      expected: ${nasty}`,
    );
    expect(reportPretty(both)).toContain("1 step not reached");
    expect(reportPretty(both)).toMatch(/\n1 of 2 scenarios failed in /u);
    expect(reportPretty([passed])).toMatch(/\n1 scenario passed in /u);
  });

  test("in JSON and in lines of JSON can be read back", () => {
    expect(JSON.parse(reportJson(both))).toMatchObject({
      ok: false,
      total: 2,
      failed: 1,
      results: [{ name: "says yes" }, { name: nasty }],
    });
    expect(
      reportNdjson(both)
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
    ).toMatchObject([{ ok: true }, { ok: false }]);
  });

  test("for JUnit is well-formed, counts, and escapes what was said", () => {
    const xml = reportJunit(both);
    expect(XMLValidator.validate(xml)).toBe(true);
    expect(xml).toContain('<testsuites name="call run" tests="2" failures="1" errors="0"');
    expect(xml).toContain("&lt;script&gt;");
    expect(xml).not.toContain("\u0007");
  });

  test("in HTML is well-formed, needs nothing from elsewhere, and runs nothing that was said", () => {
    const html = reportHtml(both);
    expect(XMLValidator.validate(html.replace("<!DOCTYPE html>", ""))).toBe(true);
    expect(html).not.toMatch(/<script|<link|<img|src=|@import|url\(/u);
    expect(html).toContain("1 failed");
  });
});
