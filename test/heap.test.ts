import { expect, it } from "vitest";
import { run } from "./support/server.ts";

type Most = { readonly young: number; readonly old: number };

it("holds the memory of a line, and of each thread beside it, however much lives for a moment", async () => {
  const { code, out, err } = await run(process.execPath, ["test/heap/hungry.ts"]).exited;
  expect({ code, err }).toEqual({ code: 0, err: "" });
  const { line, thread } = JSON.parse(out) as { line: Most; thread: Most };
  // MB. V8 alone takes 64 to 128 for the young, and 70 to 217 for the old.
  expect(line.young).toBeLessThanOrEqual(32);
  expect(thread.young).toBeLessThanOrEqual(16);
  expect(line.old).toBeLessThan(60);
  expect(thread.old).toBeLessThan(60);
});
