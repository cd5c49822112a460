import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { MAX_LINE_BYTES, readLines } from "../../src/proof/export-line.ts";
import { usualLine } from "../../src/proof/usual-line.ts";
import { audited } from "./auditors.ts";
import { receiptsOfKinds } from "./kinds.ts";

let exported: string[];
let byPhone: string;
beforeAll(async () => {
  const line = await audited([2]);
  await receiptsOfKinds(line);
  exported = readFileSync(await line.exported(), "utf8")
    .trimEnd()
    .split("\n");
  await line.close();
  byPhone = exported.find((each) => each.includes('"kind":"granted"') && isUsual(each)) ?? "";
});

function isUsual(line: string): boolean {
  return usualLine(Buffer.from(`${line}\n`).toString("latin1"), 0) !== null;
}

/** What an auditor is told of a line. A return before its end is no usual line, and makes no difference otherwise. */
function told(line: string) {
  const [short, long] = ["\n", "\r\n"].map((end) => readLines(Buffer.from(`${line}${end}`)));
  return { short, long };
}

describe("an answer by phone", () => {
  it("is read without its JSON as it is exported; what came in writing is read with it", () => {
    const ways = exported.map((line) => [/"collectionMethod":"(\w+)"/.exec(line)?.[1], isUsual(line)]);
    expect(ways).toEqual([
      ["ivr_dtmf", true],
      ["ivr_dtmf", true],
      ["ivr_dtmf", true],
      ["whatsapp", false],
      ["whatsapp", false],
      ["cli", false],
    ]);
    for (const line of exported) expect(told(line).short).toEqual(told(line).long);
    expect(exported.flatMap((line) => told(line).long?.faults)).toEqual([]);
  });

  it("whose line has any byte changed, doubled or left out is judged as by its JSON", () => {
    const differs: string[] = [];
    let usual = 0;
    for (let at = 0; at < byPhone.length; at++) {
      for (const put of ['"', "0", "7", " ", "", `${byPhone[at]}${byPhone[at]}`]) {
        const changed = `${byPhone.slice(0, at)}${put}${byPhone.slice(at + 1)}`;
        if (!isUsual(changed)) continue;
        usual += 1;
        const { short, long } = told(changed);
        if (JSON.stringify(short) !== JSON.stringify(long)) differs.push(changed);
      }
    }
    // What no log can vouch for may be another: masked digits, how the call ended.
    expect(usual).toBeGreaterThan(100);
    expect(differs).toEqual([]);
  });

  it("is judged as by its JSON whatever somebody writes in it by hand", () => {
    const time = /"servedAt":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)"/.exec(byPhone)?.[1] ?? "";
    const clocks = [
      time.replace(/T\d\d:\d\d/, "T24:00"),
      time.replace(/T\d\d:\d\d/, "T08:60"),
      time.replace(/:\d\d\./, ":60."),
      time.replace(/-\d\d-/, "-13-"),
      time.replace(/^\d{4}/, "1970"),
      time.replace("Z", "+"),
    ];
    const tries: [string | RegExp, string][] = [
      ...clocks.map((clock): [string, string] => [time, clock]),
      [/"leafIndex":\d+/, '"leafIndex":-1'],
      [/"leafIndex":\d+/, '"leafIndex":-0'],
      [/"leafIndex":\d+/, '"leafIndex":01'],
      [/"leafIndex":\d+/, '"leafIndex":9007199254740993'],
      [/"leafIndex":\d+/, '"leafIndex":null'],
      [/"leafIndex":/, '"leafIndex":7,"leafIndex":'],
      [/"controller":\{/, '"controller":{"id":"another",'],
      [/"controller":\{"id"/, '"controller":{"id":"another","name"'],
      [/"controller":\{/, '"controller":{{'],
      [/"topics":\[/, '"topics":[null,'],
      [/"topics":\[/, '"topics":[}'],
      [/"text":"./, String.raw`"text":"\x`],
      [/"text":"(.)/, String.raw`"text":"\u00zz$1`],
      [/"text":"A/, String.raw`"text":"\u0041`],
      [/"text":/, '"text":"other words","text":'],
      ['"eventState":"ConsentGiven"', '"eventState":"ConsentRefused"'],
      ['"kind":"granted"', '"kind":"toString"'],
      [/"servedEventId":"[^"]*"/, '"servedEventId":null'],
    ];
    const all = tries.map(([from, to]) => byPhone.replace(from, to));
    expect(all.filter((line) => line === byPhone)).toEqual([]);
    for (const line of all) expect([line, told(line).short]).toEqual([line, told(line).long]);
  });

  it("holds an auditor up no longer than its length asks for, however it was made", () => {
    const room = MAX_LINE_BYTES - byPhone.length - 10;
    const longest = [
      byPhone.replace('"text":"', `"text":"${"\\n".repeat(room / 2)}`),
      byPhone.replace('"text":"', `"text":"${"a".repeat(room)}`),
      byPhone.replace('"topics":[', `"topics":[${"{},".repeat(room / 3)}`),
      byPhone.replace('"controller":{', `"controller":{${" ".repeat(room)}`),
      byPhone.replace('"sequence":', `"sequence":${"1".repeat(room)}`),
    ];
    // If a byte could be looked at again and again, this would end after hours.
    for (const line of longest) expect(told(line).short).toEqual(told(line).long);
  });
});
