import { hash, randomBytes, randomUUIDv7 } from "node:crypto";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import type { ApiParts, CallDesk, CallRequest, Placed } from "../../src/api/parts.ts";
import { SCOPES, type ApiKey } from "../../src/ledger/integration.ts";
import { pdfPress } from "../../src/proof/pdf-press.ts";
import { sid, startLine } from "../support/line.ts";

export type ApiLine = Awaited<ReturnType<typeof startApiLine>>;

export type Asked = {
  readonly key?: string | null;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};
export type Told = {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- a test looks into whatever came
  readonly body: any;
};

/** A line with a real Twilio account, so that its calls are no simulations, and a key that may do everything. */
export async function startApiLine(api: Partial<ApiParts> = {}) {
  const env = { TWILIO_ACCOUNT_SID: sid("AC"), TWILIO_AUTH_TOKEN: "a".repeat(32), YESLINE_SIMULATOR: "on" };
  const brought: string[] = [];
  const asked: CallRequest[] = [];
  const calls: CallDesk = {
    placeCall: (request) => place(request),
    find: (businessId, id) => line.memory.outgoing.get(businessId, id),
    async bringIn({ callSid }) {
      if (brought.includes(callSid))
        return { kind: "refused", reason: "already", explanation: "The call was brought in already." };
      brought.push(callSid);
      return { kind: "brought-in" };
    },
  };
  const printReceipt = pdfPress({ publicUrl: "https://line.test" });
  const line = startLine({ env, api: { calls, printReceipt, ...api } });
  // The demo's script is in effect by then, and it is day in the whole of the United States.
  line.clock.now = Date.UTC(2026, 10, 23, 19);

  /** The queue's own row, as whoever guards calls makes it. */
  async function place(request: CallRequest): Promise<Placed> {
    asked.push(request);
    const { businessId, to, cause, simulated, requestedBy, at, locale } = request;
    if (to.endsWith("9999"))
      return { kind: "refused", reason: "withdrew", explanation: "The person has withdrawn." };
    const subscriberId = await line.ledger.register(businessId, to, at);
    const [id] = await line.memory.outgoing.add(
      [
        {
          businessId,
          cause,
          subscriberId,
          simulated,
          entryId: null,
          payload: { kind: "call", line: "+14155550100", locale },
          dueAt: at,
          expiresAt: at + 900_000,
          requestedBy,
        },
      ],
      at,
    );
    return { kind: "queued", id: id ?? "" };
  }

  async function addKey(over: Partial<ApiKey> = {}): Promise<string> {
    const key = `yl_test_${randomBytes(24).toString("base64url")}`;
    await line.memory.keys.add(
      {
        id: randomUUIDv7(),
        name: `test ${key.slice(8, 16)}`,
        prefix: key.slice(0, 16),
        scopes: SCOPES,
        businesses: null,
        createdAt: line.clock.now,
        createdBy: "cli",
        expiresAt: null,
        ...over,
      },
      hash("sha256", key),
    );
    return key;
  }
  const everything = await addKey();

  async function ask(
    method: string,
    path: string,
    { key = everything, body, headers }: Asked = {},
  ): Promise<Told> {
    const response = await line.app.request(`https://line.test${path}`, {
      method,
      headers: {
        ...(key === null ? {} : { Authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = text !== "" && response.headers.get("content-type")?.includes("json") === true;
    const { status } = response;
    return { method, path, status, headers: response.headers, text, body: isJson ? JSON.parse(text) : null };
  }

  return {
    ...line,
    everything,
    addKey,
    ask,
    placed: asked,
    /** Somebody calls the clinic and agrees to everything. */
    async agrees(from: string): Promise<void> {
      const call = line.call({ from });
      await call.begin();
      await call.press("1");
    },
  };
}

type Described = { readonly paths: Record<string, Record<string, unknown>> };

/** Holds answers against the line's own description of them; a member that it does not know is wrong, too. */
export async function describedBy({ ask }: ApiLine) {
  const { body } = await ask("GET", "/api/v1/openapi.json", { key: null });
  const ajv = addFormats.default(new Ajv2020({ strict: false, allErrors: true }));
  ajv.addSchema(body as object, "openapi");
  const known = new Map<string, ValidateFunction>();

  function validatorOf(route: string, method: string, status: number, type: string): ValidateFunction {
    const place = [
      "paths",
      route,
      method.toLowerCase(),
      "responses",
      String(status),
      "content",
      type,
      "schema",
    ];
    const pointer = place.map((part) => part.replaceAll("~", "~0").replaceAll("/", "~1")).join("/");
    const ref = `openapi#/${pointer.split("/").map(encodeURIComponent).join("/")}`;
    const validator = known.get(ref) ?? ajv.compile({ $ref: ref, unevaluatedProperties: false });
    known.set(ref, validator);
    return validator;
  }

  return {
    document: body as Described,
    /** What is wrong with an answer; empty: it is as described. */
    faults(route: string, { method, status, headers, body: answer }: Told): readonly string[] {
      const type = (headers.get("content-type") ?? "").split(";")[0] ?? "";
      const validate = validatorOf(route, method, status, type);
      validate(answer);
      return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
    },
  };
}
