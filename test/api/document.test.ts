import { createConfig, lintFromString } from "@redocly/openapi-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startApiLine, type ApiLine } from "./api-line.ts";

let line: ApiLine;
beforeAll(async () => {
  line = await startApiLine();
});
afterAll(() => line.stop());

it("whoever reads the description finds OpenAPI 3.1 in which a public linter finds nothing wrong", async () => {
  const { status, text, body } = await line.ask("GET", "/api/v1/openapi.json", { key: null });
  expect(status).toBe(200);
  expect(body.openapi).toBe("3.1.0");
  expect(body.servers).toMatchObject([{ url: "https://line.test" }]);
  const config = await createConfig({ extends: ["recommended"] });
  const problems = await lintFromString({ source: text, absoluteRef: "openapi.json", config });
  expect(problems.map(({ ruleId, severity, message }) => `${severity} ${ruleId}: ${message}`)).toEqual([]);
});

it("whoever breaks the description is found by the same linter", async () => {
  const { body } = await line.ask("GET", "/api/v1/openapi.json", { key: null });
  body.paths["/api/v1/entries"].get.operationId = "getConsents";
  const config = await createConfig({ extends: ["recommended"] });
  const source = JSON.stringify(body);
  const problems = await lintFromString({ source, absoluteRef: "openapi.json", config });
  expect(problems.some(({ severity }) => severity === "error")).toBe(true);
});

it("where the line places no calls, its description has none", async () => {
  const silent = await startApiLine({ calls: null });
  const { body, text } = await silent.ask("GET", "/api/v1/openapi.json", { key: null });
  expect(Object.keys(body.paths).filter((path) => path.includes("calls"))).toEqual([]);
  expect(text).not.toContain('"Calls"');
  expect((await silent.ask("POST", "/api/v1/calls", { body: {} })).status).toBe(404);
  await silent.stop();
});
