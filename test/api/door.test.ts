import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";

/** Which of our files and packages are loaded once the line could answer, before anybody asks its API. */
const LOADED = `
  import { registerHooks } from "node:module";
  const loaded = [];
  registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
  await import("./src/app.ts");
  console.log(JSON.stringify(loaded));
`;

it("a caller does not wait for the API's schemas: nothing of them is loaded before they are asked for", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", LOADED], {
    maxBuffer: 10_000_000,
  });
  const loaded = JSON.parse(stdout) as string[];
  expect(loaded.some((url) => url.endsWith("/src/api/door.ts"))).toBe(true);
  expect(loaded.filter((url) => /zod-openapi|zod-to-openapi|src\/api\/(?!door\.ts)/.test(url))).toEqual([]);
});
