/** Calls and messages as Twilio's REST API shows them (twilio.com/docs/usage/api, the resources' properties). */

export type MessageStatus =
  | "queued"
  | "sent"
  | "delivered"
  | "read"
  | "undelivered"
  | "failed"
  | "receiving"
  | "received";

/** A button below a message, and what a press of it tells. */
export type Button = { readonly text: string; readonly payload: string };

/** A message in either direction. Addresses are Twilio's: `whatsapp:+14155550110`. */
export type Message = {
  readonly sid: string;
  readonly direction: "inbound" | "outbound-api";
  readonly from: string;
  readonly to: string;
  readonly body: string;
  readonly buttons: readonly Button[];
  readonly createdAt: number;
  status: MessageStatus;
  updatedAt: number;
  sentAt: number | null;
  error: { readonly code: number; readonly message: string } | null;
};

/** A call that was asked for over REST. */
export type RestCall = {
  readonly sid: string;
  readonly from: string;
  readonly to: string;
  readonly createdAt: number;
  status: "queued" | "ringing" | "in-progress" | "completed" | "busy" | "no-answer" | "failed" | "canceled";
  updatedAt: number;
  answeredBy: string | null;
  /** Whole seconds from pick-up to the end; null until it has ended. */
  seconds: number | null;
};

export const API_VERSION = "2010-04-01";

export function messageResource(message: Message, accountSid: string) {
  const { sid, direction, from, to, body, status, error, createdAt, updatedAt, sentAt } = message;
  const uri = `/${API_VERSION}/Accounts/${accountSid}/Messages/${sid}`;
  return {
    account_sid: accountSid,
    api_version: API_VERSION,
    body,
    date_created: rfc2822(createdAt),
    date_sent: sentAt === null ? null : rfc2822(sentAt),
    date_updated: rfc2822(updatedAt),
    direction,
    error_code: error?.code ?? null,
    error_message: error?.message ?? null,
    from,
    messaging_service_sid: null,
    num_media: "0",
    num_segments: "1",
    price: null,
    price_unit: null,
    sid,
    status,
    subresource_uris: { media: `${uri}/Media.json` },
    to,
    uri: `${uri}.json`,
  };
}

export function callResource(call: RestCall, accountSid: string) {
  const { sid, from, to, status, answeredBy, seconds, createdAt, updatedAt } = call;
  const uri = `/${API_VERSION}/Accounts/${accountSid}/Calls/${sid}`;
  const over = seconds !== null;
  return {
    account_sid: accountSid,
    answered_by: answeredBy,
    api_version: API_VERSION,
    caller_name: null,
    date_created: rfc2822(createdAt),
    date_updated: rfc2822(updatedAt),
    direction: "outbound-api",
    duration: over ? String(seconds) : null,
    end_time: over ? rfc2822(updatedAt) : null,
    forwarded_from: null,
    from,
    from_formatted: from,
    group_sid: null,
    parent_call_sid: null,
    phone_number_sid: null,
    price: null,
    price_unit: "USD",
    queue_time: "0",
    sid,
    start_time: over ? rfc2822(updatedAt - seconds * 1_000) : null,
    status,
    subresource_uris: { recordings: `${uri}/Recordings.json` },
    to,
    to_formatted: to,
    trunk_sid: null,
    uri: `${uri}.json`,
  };
}

/** How many Twilio shows on a page, and the most that it shows. */
const PAGE_SIZE = 50;
const MAX_PAGE_SIZE = 1_000;

/** One page of a list, with its way on. */
export function page<Row, Shown>(
  name: "messages" | "calls" | "recordings",
  rows: readonly Row[],
  url: URL,
  show: (row: Row) => Shown,
) {
  const asked = Number(url.searchParams.get("PageSize") ?? PAGE_SIZE);
  const size = Number.isInteger(asked) && asked > 0 ? Math.min(asked, MAX_PAGE_SIZE) : PAGE_SIZE;
  const number = Math.max(0, Math.trunc(Number(url.searchParams.get("Page") ?? 0)) || 0);
  const start = number * size;
  const shown = rows.slice(start, start + size);
  const uri = (of: number): string => {
    const query = new URLSearchParams(url.searchParams);
    query.set("Page", String(of));
    query.set("PageSize", String(size));
    return `${url.pathname.slice(url.pathname.indexOf(`/${API_VERSION}/`))}?${query.toString()}`;
  };
  return {
    [name]: shown.map(show),
    end: Math.max(start, start + shown.length - 1),
    first_page_uri: uri(0),
    next_page_uri: start + size < rows.length ? uri(number + 1) : null,
    page: number,
    page_size: size,
    previous_page_uri: number > 0 ? uri(number - 1) : null,
    start,
    uri: uri(number),
  };
}

/** `2026-11-22`, or a time; Twilio's `DateSent`, `DateSent>`, `DateSent<`, and the same of calls' `StartTime`. */
export function within(query: URLSearchParams, name: string, at: number): boolean {
  const day = query.get(name);
  const from = query.get(`${name}>`);
  const until = query.get(`${name}<`);
  return (
    (day === null || new Date(at).toISOString().startsWith(day.slice(0, 10))) &&
    (from === null || !(at < Date.parse(from))) &&
    (until === null || !(at > Date.parse(until)))
  );
}

/** Such as "Mon, 01 Jun 2026 09:00:00 +0000". */
export function rfc2822(at: number): string {
  return new Date(at).toUTCString().replace("GMT", "+0000");
}
