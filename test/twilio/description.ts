import { readFileSync } from "node:fs";
import { Ajv } from "ajv";

/**
 * Twilio's own description of the requests that the line makes: calls, messages and recordings, cut out of
 * `twilio_api_v2010.json` of github.com/twilio/twilio-oai; nothing in it is changed.
 */
export const DESCRIPTION_FILE = new URL("twilio-openapi-subset.json", import.meta.url).pathname;

type Schema = { readonly $ref?: string; readonly properties?: Readonly<Record<string, unknown>> };
type Content = Readonly<Record<string, { readonly schema: Schema }>>;
type Operation = {
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content: Content }>>;
};
type Description = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
};

export const DESCRIPTION = JSON.parse(
  readFileSync(DESCRIPTION_FILE, "utf8"),
  withoutVainNullables,
) as Description;

/** `nullable` without a type, as of a recording's encryption, says nothing; Ajv will not have it. */
function withoutVainNullables(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("nullable" in value) || "type" in value) return value;
  const { nullable: _vain, ...rest } = value;
  return rest;
}

const ajv = new Ajv({ strict: false, allErrors: true, formats: formats() }).addSchema(DESCRIPTION, "twilio");

/** What a request to Twilio has that the description does not: the wrong path, an unknown field, a wrong type. */
export function faultsOfRequest(method: string, url: URL, fields: URLSearchParams): readonly string[] {
  const found = operationAt(method, url.pathname);
  if (found === null) return [`${method} ${url.pathname} is not described`];
  const inQuery = new Set(
    found.operation.parameters.filter((one) => one.in === "query").map(({ name }) => name),
  );
  const schema = found.operation.requestBody?.content["application/x-www-form-urlencoded"]?.schema;
  const inBody = new Set(Object.keys(schema?.properties ?? {}));
  return [
    ...[...url.searchParams.keys()].filter((name) => !inQuery.has(name)),
    ...[...fields.keys()].filter((name) => !inBody.has(name)),
  ].map((name) => `${method} ${url.pathname} has no field ${name}`);
}

/** What an answer has that the description does not, or the other way round. */
export function faultsOfAnswer(method: string, url: URL, status: number, body: unknown): readonly string[] {
  const found = operationAt(method, url.pathname);
  if (found === null) return [`${method} ${url.pathname} is not described`];
  const { pointer, operation } = found;
  const schema = operation.responses[String(status)]?.content["application/json"]?.schema;
  if (schema === undefined) return [`${method} ${url.pathname} never answers ${status}`];
  const validate = ajv.compile({
    $ref: `twilio#${pointer}/responses/${status}/content/application~1json/schema`,
  });
  if (validate(body)) return unknownFields(schema, body);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

function operationAt(method: string, pathname: string) {
  for (const [path, operations] of Object.entries(DESCRIPTION.paths)) {
    const pattern = path.replaceAll(".", "\\.").replaceAll(/\{\w+\}/g, "[^/]+");
    const operation = operations[method.toLowerCase()];
    if (operation !== undefined && new RegExp(`^${pattern}$`).test(pathname)) {
      const escaped = path.replaceAll("/", "~1").replaceAll("{", "%7B").replaceAll("}", "%7D");
      return { operation, pointer: `/paths/${escaped}/${method.toLowerCase()}` };
    }
  }
  return null;
}

function unknownFields(schema: Schema, body: unknown): readonly string[] {
  const properties = schema.properties ?? ajvSchema(schema.$ref ?? "")?.properties ?? {};
  return Object.keys(body as object)
    .filter((name) => !(name in properties))
    .map((name) => `there is no field ${name}`);
}

function ajvSchema(reference: string): Schema | undefined {
  const path = reference.replace(/^#\//, "").split("/");
  return path.reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], DESCRIPTION) as Schema;
}

/** Twilio's own formats. Its lists give paths where they say `uri`: so do its examples. */
function formats(): Record<string, RegExp | true> {
  const path = /^(?:https:\/\/|\/)/;
  const time = /^\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} \+0000$/;
  const open = ["currency", "uri-map", "int64", "date-time", "http-method", "endpoint", "twiml"];
  return {
    uri: path,
    "date-time-rfc-2822": time,
    "phone-number": /^(?:whatsapp:)?\+\d{7,15}$/,
    ...Object.fromEntries(open.map((name) => [name, true as const])),
  };
}
