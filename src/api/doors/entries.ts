import { createRoute, z } from "@hono/zod-openapi";
import { accepts } from "hono/accepts";
import { PressBusy, type PdfPress } from "../../proof/pdf-press.ts";
import type { Receipt } from "../../proof/receipt.ts";
import { cursorAt, placeOf } from "../cursor.ts";
import { answers, json, REFUSALS, REFUSALS_OR_NOT_FOUND, SECURITY } from "../describe.ts";
import { detailed, numbered } from "../entry.ts";
import type { Guards } from "../guard.ts";
import { businessesOf, type ApiContext, type ApiRoutes, type ApiParts } from "../parts.ts";
import { refuse } from "../problem.ts";
import { EntryDetail, EntryList } from "../answers.ts";
import { EntryReceipt } from "../receipt.ts";
import { EntryPath, EntryQuery } from "../requests.ts";
import { unknownBusiness } from "./consents.ts";

const TAG = ["Entries"];

const PDF = "application/pdf";
const RECEIPT = {
  description: "The receipt.",
  content: {
    "application/json": { schema: EntryReceipt },
    [PDF]: { schema: z.string().openapi({ format: "binary" }) },
  },
} as const;

/** The log. */
export function entriesDoor(routes: ApiRoutes, parts: ApiParts, guard: Guards): void {
  const { entries, reading, now } = parts;

  const list = createRoute({
    method: "get",
    path: "/v1/entries",
    operationId: "listEntries",
    summary: "The log, in commit order",
    description:
      "Page after page: send `next` back as `cursor`. A cursor is good for ever, so a copy is kept up to date by going on from its last one.",
    tags: TAG,
    security: SECURITY,
    middleware: guard("entries:read"),
    request: { query: EntryQuery },
    responses: answers({ 200: json("A page.", EntryList) }, REFUSALS),
  });
  routes.openapi(list, async (c) => {
    const { business, kind, since, until, simulated, cursor, limit } = c.req.valid("query");
    const after = cursor === undefined ? 0 : placeOf(cursor);
    if (after === null) {
      const errors = [{ detail: "is not a cursor that this line gave", parameter: "cursor" }];
      return refuse(c, "invalid-request", "One part of the request is not valid.", { errors });
    }
    const seen = businessesOf(parts, c.get("key")).map(({ id }) => id);
    const businessIds = business === undefined ? seen : seen.filter((id) => id === business);
    if (business !== undefined && businessIds.length === 0) return unknownBusiness(c);
    const filter = { businessIds, kind, since: instant(since), until: instant(until), simulated };
    const page = await entries.page(filter, after, limit);
    const inClear = mayReveal(c);
    if (page.entries.length > 0) {
      await log(c, inClear, business ?? null, null, `${page.entries.length} entries of the log`);
    }
    return c.json(
      {
        entries: page.entries.map((view) => numbered(view, inClear)),
        next: page.next === null ? null : cursorAt(page.next),
      },
      200,
    );
  });

  const one = createRoute({
    method: "get",
    path: "/v1/entries/{id}",
    operationId: "getEntry",
    summary: "One entry, with what it stands on",
    tags: TAG,
    security: SECURITY,
    middleware: guard("entries:read"),
    request: { params: EntryPath },
    responses: answers({ 200: json("The entry.", EntryDetail) }, REFUSALS_OR_NOT_FOUND),
  });
  routes.openapi(one, async (c) => {
    const seen = businessesOf(parts, c.get("key")).map(({ id }) => id);
    const view = await entries.get(seen, c.req.valid("param").id.toLowerCase());
    if (view === null) return refuse(c, "not-found", "There is no such entry that this key may see.");
    const inClear = mayReveal(c);
    await log(c, inClear, view.entry.businessId, view.entry.id, "an entry");
    return c.json(detailed(view, inClear), 200);
  });

  const { receipt, printReceipt } = parts;
  if (receipt !== undefined) {
    const proof = createRoute({
      method: "get",
      path: "/v1/entries/{id}/proof",
      operationId: "getEntryProof",
      summary: "A receipt of one entry: its words, its place in the log, and what was signed",
      description:
        "As JSON, or for people as PDF where `Accept` asks for `application/pdf`; the PDF has the JSON attached. It can be handed on, and checked by anybody without us: at /.well-known/yesline/verify, offline, or with RFC 6962 and Ed25519 by hand. Its schema is /api/receipt.schema.json.",
      tags: TAG,
      security: SECURITY,
      middleware: guard("entries:read"),
      request: { params: EntryPath },
      responses: answers({ 200: RECEIPT }, REFUSALS_OR_NOT_FOUND),
    });
    routes.openapi(proof, async (c) => {
      const seen = businessesOf(parts, c.get("key")).map(({ id }) => id);
      const found = await receipt(seen, c.req.valid("param").id.toLowerCase());
      if (found === null) return refuse(c, "not-found", "There is no such entry that this key may see.");
      const { recordId, controller } = found.record as { recordId: string; controller: { id: string } };
      const asPdf = printReceipt !== undefined && wantsPdf(c);
      await log(c, false, controller.id, recordId, asPdf ? "a receipt, as PDF" : "a receipt");
      if (asPdf) return printed(c, found, printReceipt);
      return c.json(found as z.infer<typeof EntryReceipt>, 200);
    });
  }

  /** Law 10: who looks is on record before the answer shows it. */
  function log(
    c: ApiContext,
    inClear: boolean,
    businessId: string | null,
    subject: string | null,
    detail: string,
  ) {
    const { id, name } = c.get("key");
    const action = inClear ? "revealed" : "looked";
    const actor = { actor: id, actorName: `API key ${name}` };
    return reading.logAccess({ ...actor, action, businessId, subject, detail, at: now() });
  }
}

/** Whoever does not ask for paper gets JSON. */
function wantsPdf(c: ApiContext): boolean {
  const supports = ["application/json", PDF];
  return accepts(c, { header: "Accept", supports, default: "application/json" }) === PDF;
}

async function printed(c: ApiContext, receipt: Receipt, print: PdfPress) {
  try {
    const pdf = await print(receipt);
    return c.body(new Uint8Array(pdf), 200, { "Content-Type": PDF }) as never;
  } catch (error) {
    if (!(error instanceof PressBusy)) throw error;
    c.header("Retry-After", "5");
    return refuse(c, "unavailable", "Many receipts are being printed. As JSON you get it at once.");
  }
}

function mayReveal(c: ApiContext): boolean {
  return c.get("key").scopes.includes("numbers:read");
}

function instant(time: string | undefined): number | undefined {
  return time === undefined ? undefined : Date.parse(time);
}
