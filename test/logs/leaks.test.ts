import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { leaksIn } from "./leaks.ts";

const TOKEN = randomBytes(16).toString("hex");

describe("in the logs of the whole suite", () => {
  it.each([
    ["a number", '{"level":30,"msg":"call from +14155550123"}'],
    ["a number", '{"from":"whatsapp:+34600000141"}'],
    ["a number", '{"waId":"14155550123"}'],
    ["a number", "TypeError: no such person: 34655558264"],
    ["an API key", `{"key":"yl_test_${TOKEN}"}`],
    ["a webhook's secret", `{"secret":"whsec_${TOKEN}"}`],
    ["a key in an Authorization header", `authorization: Bearer ${TOKEN}`],
    ["a session", `cookie: yesline.session_token=${TOKEN}`],
    ["a secret of a test", `{"err":"bad token ${TOKEN}"}`],
  ])("%s is found: %s", (what, line) => {
    expect(leaksIn(`{"msg":"well"}\n${line}\n{"msg":"well"}`, [TOKEN, ""])).toEqual([{ what, line }]);
  });

  it("a hundred thousand lines are looked through in seconds, for hundreds of secrets", () => {
    const secrets = Array.from({ length: 500 }, () => randomBytes(32).toString("base64"));
    const line = `{"level":30,"callSid":"CA${TOKEN}","outcome":"choice","ms":1.5,"key":"${TOKEN}"}\n`;
    const startedAt = performance.now();
    expect(leaksIn(`${line.repeat(100_000)}the secret=${secrets[7]}`, secrets)).toHaveLength(1);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  it("what a log has to say is none of them", () => {
    const log = [
      '{"level":30,"time":1795420800123,"route":"answer","status":200,"callSid":"CA14155550123aaaaaaaaaaaaaaaaaaaaa"}',
      '{"callSid":"CA0123456789abcdef0123456789abcdef","sender":"•••0123","ms":1.5}',
      '{"id":"01a206fd-a9da-71b8-a068-270512345678","outcome":"undelivered 63024"}',
      '{"msg":"no business has the line +1•••••0100"}',
    ];
    expect(leaksIn(log.join("\n"), [TOKEN])).toEqual([]);
  });
});
