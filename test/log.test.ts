import { describe, expect, it } from "vitest";
import { createLog } from "../src/log.ts";

function logged(write: (log: ReturnType<typeof createLog>) => void): string {
  let text = "";
  write(createLog("info", { write: (line) => void (text += line) }));
  return text;
}

describe("a reader of the log", () => {
  it("sees why something failed, and no number that an error quotes, its cause and its stack included", () => {
    const cause = new Error("To=whatsapp:34600000123 is not reachable");
    const text = logged((log) =>
      log.error({ err: new Error("no such caller: +14155550123", { cause }) }, "failed"),
    );
    expect(JSON.parse(text)).toMatchObject({
      msg: "failed",
      err: { type: "Error", message: "no such caller: …", cause: "To=whatsapp:… is not reachable" },
    });
    expect(text).not.toMatch(/14155550123|34600000123/);
  });

  it("sees no field that holds a number, a key that was pressed or a secret, whoever logs it", () => {
    const form = { From: "+14155550123", To: "+14155550100", Digits: "4155550199" };
    const text = logged((log) =>
      log.info({ ...form, form, account: { authToken: "a-token" }, secret: "s3cret" }),
    );
    expect(JSON.parse(text)).toMatchObject({
      From: "…",
      form: { From: "…", To: "…", Digits: "…" },
      account: { authToken: "…" },
    });
    expect(text).not.toMatch(/41555|a-token|s3cret/);
  });
});
