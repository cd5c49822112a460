import { randomBytes } from "node:crypto";
import { delay, http, HttpResponse, type HttpHandler } from "msw";
import { faultsOfAnswer, faultsOfRequest } from "../twilio/description.ts";

/**
 * Twilio's REST API for one account, as far as the line asks for it, with what goes wrong there. What is asked and what
 * it answers is held against Twilio's own description: `violations` stays empty.
 */
export type TwilioDouble = ReturnType<typeof twilioDouble>;

/**
 * - `lost`, `broken`: done, and then no answer, or a broken connection.
 * - a number: an HTTP status without having done anything; with a code, Twilio's refusal.
 */
export type Fault =
  | "lost"
  | "broken"
  | number
  | { readonly status: number; readonly code: number; readonly message: string };

export type TwilioOptions = {
  readonly baseUrl: string;
  readonly accountSid: string;
  readonly authToken: string;
  readonly now: () => number;
};

type Row = { readonly [field: string]: unknown; readonly sid: string };
type Resource = "Messages" | "Calls";

export function twilioDouble({ baseUrl, accountSid, authToken, now }: TwilioOptions) {
  const account = `${baseUrl}/2010-04-01/Accounts/${accountSid}`;
  const rows: Readonly<Record<Resource, Row[]>> = { Messages: [], Calls: [] };
  const posted: Readonly<Record<string, string>>[] = [];
  const violations: string[] = [];
  const state = {
    /** The next POSTs meet these, one each. */
    faults: [] as Fault[],
    /** Every request meets this. */
    down: null as Fault | null,
    /** Every list meets this. */
    blind: null as Fault | null,
    retryAfter: null as string | null,
    requests: 0,
  };

  function answered(request: Request, status: number, body: Row | Record<string, unknown>): Response {
    const url = new URL(request.url.replace(baseUrl, "https://api.twilio.com"));
    violations.push(...faultsOfAnswer(request.method, url, status, body));
    return HttpResponse.json(body, { status });
  }

  async function checked(request: Request): Promise<URLSearchParams | Response> {
    state.requests++;
    const fields = new URLSearchParams(await request.text());
    const url = new URL(request.url.replace(baseUrl, "https://api.twilio.com"));
    violations.push(...faultsOfRequest(request.method, url, fields));
    if (request.headers.get("authorization") !== `Basic ${btoa(`${accountSid}:${authToken}`)}`) {
      return refusal(401, 20_003, "Authenticate");
    }
    return state.down === null ? fields : failure(state.down);
  }

  function failure(fault: Fault): Response {
    if (fault === "lost" || fault === "broken") return HttpResponse.error();
    if (typeof fault === "object") return refusal(fault.status, fault.code, fault.message);
    const headers = state.retryAfter === null ? undefined : { "Retry-After": state.retryAfter };
    return HttpResponse.json(
      { code: fault === 429 ? 20_429 : 20_500, message: "Try later", status: fault },
      { status: fault, ...(headers === undefined ? {} : { headers }) },
    );
  }

  async function create(request: Request, resource: Resource): Promise<Response> {
    const fields = await checked(request);
    if (fields instanceof Response) return fields;
    const fault = state.faults.shift();
    if (fault !== undefined && fault !== "lost" && fault !== "broken") return failure(fault);
    const made = resource === "Messages" ? messageOf(fields) : callOf(fields);
    rows[resource].unshift(made);
    posted.push(Object.fromEntries(fields));
    if (fault === "lost") await delay("infinite");
    return fault === "broken" ? HttpResponse.error() : answered(request, 201, made);
  }

  async function list(request: Request, resource: Resource): Promise<Response> {
    const fields = await checked(request);
    if (fields instanceof Response) return fields;
    if (state.blind !== null) return failure(state.blind);
    const asked = new URL(request.url).searchParams;
    const found = rows[resource].filter(
      (row) => row["from"] === asked.get("From") && row["to"] === asked.get("To"),
    );
    const path = `/2010-04-01/Accounts/${accountSid}/${resource}.json`;
    return answered(request, 200, {
      [resource.toLowerCase()]: found.slice(0, Number(asked.get("PageSize"))),
      first_page_uri: `${path}?Page=0`,
      next_page_uri: null,
      previous_page_uri: null,
      uri: `${path}?Page=0`,
      page: 0,
      page_size: Number(asked.get("PageSize")),
      start: 0,
      end: Math.max(found.length - 1, 0),
    });
  }

  const made = () => new Date(now()).toUTCString().replace("GMT", "+0000");
  const shared = () => ({
    account_sid: accountSid,
    api_version: "2010-04-01",
    date_created: made(),
    date_updated: made(),
    direction: "outbound-api",
    price: null,
    price_unit: "USD",
    status: "queued",
    subresource_uris: {},
  });

  function messageOf(fields: URLSearchParams): Row {
    const sid = sidOf("SM");
    const template = fields.get("ContentSid");
    const body = template === null ? fields.get("Body") : `Template ${template}`;
    return {
      ...shared(),
      sid,
      body,
      from: fields.get("From"),
      to: fields.get("To"),
      date_sent: null,
      error_code: null,
      error_message: null,
      messaging_service_sid: null,
      num_media: "0",
      num_segments: "1",
      uri: `/2010-04-01/Accounts/${accountSid}/Messages/${sid}.json`,
    };
  }

  function callOf(fields: URLSearchParams): Row {
    const sid = sidOf("CA");
    const [from, to] = [fields.get("From"), fields.get("To")];
    return {
      ...shared(),
      sid,
      from,
      to,
      from_formatted: from,
      to_formatted: to,
      answered_by: null,
      caller_name: "",
      duration: null,
      start_time: null,
      end_time: null,
      forwarded_from: null,
      group_sid: null,
      parent_call_sid: null,
      phone_number_sid: null,
      queue_time: "0",
      trunk_sid: null,
      uri: `/2010-04-01/Accounts/${accountSid}/Calls/${sid}.json`,
    };
  }

  const handlers: HttpHandler[] = (["Messages", "Calls"] as const).flatMap((resource) => [
    http.post(`${account}/${resource}.json`, ({ request }) => create(request, resource)),
    http.get(`${account}/${resource}.json`, ({ request }) => list(request, resource)),
  ]);

  return {
    handlers,
    state,
    violations,
    /** The fields of every POST that was done. */
    posted,
    messages: rows.Messages,
    calls: rows.Calls,
    /** The same line calls somebody for another system. */
    calledElsewhere: (fields: Record<string, string>, over: Record<string, unknown> = {}) =>
      rows.Calls.unshift({ ...callOf(new URLSearchParams(fields)), ...over }),
    /** Another system of the business, or the person, writes between the same two addresses. */
    elsewhere: (fields: Record<string, string>, over: Record<string, unknown> = {}) =>
      rows.Messages.unshift({ ...messageOf(new URLSearchParams(fields)), ...over }),
  };
}

function refusal(status: number, code: number, message: string): Response {
  const more_info = `https://www.twilio.com/docs/errors/${code}`;
  return HttpResponse.json({ code, message, more_info, status }, { status });
}

function sidOf(prefix: "SM" | "CA"): string {
  return prefix + randomBytes(16).toString("hex");
}
