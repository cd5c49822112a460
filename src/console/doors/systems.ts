import { Hono } from "hono";
import { holdsNumber } from "../../call/phone-number.ts";
import {
  SCOPES,
  TooManyEndpoints,
  TooManyKeys,
  type ApiKey,
  type Endpoint,
} from "../../ledger/integration.ts";
import { KEY_BYTES, keyText } from "../../ledger/key-text.ts";
import { refusalOf } from "../../outbox/post.ts";
import { readForm } from "../form.ts";
import { requires } from "../guard.ts";
import {
  endpointsPage,
  MAX_DESCRIPTION_LENGTH,
  MAX_URL_LENGTH,
  type EndpointsOptions,
  type TypedEndpoint,
} from "../pages/endpoints.ts";
import {
  keysPage,
  LIVES,
  MAX_KEY_NAME,
  revokeKeyPage,
  type KeysOptions,
  type TypedKey,
} from "../pages/keys.ts";
import { page } from "../pages/layout.ts";
import { ENTRY_KINDS } from "../pages/words.ts";
import { logAccess, type ConsoleContext, type ConsoleEnv, type ConsoleParts } from "../parts.ts";

const A_DAY_MS = 24 * 60 * 60 * 1000;
/** Of Standard Webhooks' 24 to 64. */
const SECRET_BYTES = 32;
/** Deliveries that the page shows, out of so many of the latest. */
const MAX_DELIVERIES = 25;
const MAX_LOOKED_THROUGH = 500;

const KEY_DONE: Readonly<Record<string, string>> = { revoked: "The key is revoked." };
const ENDPOINT_DONE: Readonly<Record<string, string>> = {
  disabled: "The endpoint is switched off. What waits for it is cancelled.",
  enabled: "The endpoint is switched on.",
  replayed: "The event is sent once more.",
};

/** Other systems: the keys with which they ask, and the endpoints at which they are told. For admins. */
export function systemsDoor(parts: ConsoleParts): Hono<ConsoleEnv> {
  const door = new Hono<ConsoleEnv>();
  keyRoutes(door, parts);
  endpointRoutes(door, parts);
  return door;
}

function keyRoutes(door: Hono<ConsoleEnv>, parts: ConsoleParts): void {
  const { keys, businesses, now, newId, randomBytes } = parts;
  const admin = requires(parts, "manage keys");

  door.get("/keys", admin, (c) => show(c, { done: KEY_DONE[c.req.query("done") ?? ""] ?? "" }));

  door.post("/keys", admin, async (c) => {
    const form = await readForm(c);
    const typed: TypedKey = {
      name: form.text("name", MAX_KEY_NAME),
      scopes: form.all("scope"),
      businesses: form.all("business"),
      life: form.text("life", 4),
    };
    const problem = wrongKey(typed);
    if (problem !== null) return show(c, { problem, typed });
    const { key, prefix, digest } = keyText(randomBytes(KEY_BYTES));
    const made = keyOf(typed, { id: newId(), prefix, createdBy: c.get("operator").email });
    try {
      await keys.add(made, digest);
    } catch (error) {
      if (error instanceof TooManyKeys) return show(c, { problem: error.message, typed });
      throw error;
    }
    await log(c, "key-added", made);
    return show(c, { made: { key, name: made.name } });
  });

  door.post("/keys/:id/revoke", admin, async (c) => {
    const { id } = c.req.param();
    const key = (await keys.list()).find((each) => each.id === id && each.revokedAt === null);
    if (key === undefined) return show(c, { problem: "There is no such key, or it is revoked already." });
    if ((await readForm(c)).text("confirmed", 3) !== "yes")
      return c.html(page(c, parts, { title: "Revoke a key", place: "keys", body: revokeKeyPage(key) }));
    if (await keys.revoke(key.id, now())) await log(c, "key-revoked", key);
    return c.redirect("/console/keys?done=revoked", 303);
  });

  function wrongKey({ name, scopes, businesses: chosen, life }: TypedKey): string | null {
    if (name === "") return "A key needs a name.";
    if (holdsNumber(name))
      return "The name stays in the access log for ever: write it without a telephone number.";
    if (scopes.length === 0) return "A key that may do nothing is of no use: choose what it may.";
    const known = scopes.every((scope) => (SCOPES as readonly string[]).includes(scope));
    const ours = chosen.every((id) => businesses.some((business) => business.id === id));
    return known && ours && LIVES.some(([days]) => days === life)
      ? null
      : "Choose from what the form offers.";
  }

  function keyOf(
    { name, scopes, businesses: chosen, life }: TypedKey,
    made: Pick<ApiKey, "id" | "prefix" | "createdBy">,
  ): ApiKey {
    const createdAt = now();
    return {
      ...made,
      name,
      scopes: SCOPES.filter((scope) => scopes.includes(scope)),
      businesses:
        chosen.length === 0 ? null : businesses.map(({ id }) => id).filter((id) => chosen.includes(id)),
      createdAt,
      expiresAt: life === "" ? null : createdAt + Number(life) * A_DAY_MS,
      revokedAt: null,
      lastUsedAt: null,
    };
  }

  function log(c: ConsoleContext, action: "key-added" | "key-revoked", key: ApiKey): Promise<void> {
    const opens = `${key.scopes.join(" ")}; ${key.businesses?.join(" ") ?? "every business"}`;
    return logAccess(parts, c, { action, subject: key.id, detail: `${key.name} (${key.prefix}): ${opens}` });
  }

  async function show(c: ConsoleContext, shown: Partial<KeysOptions>) {
    const all = await keys.list();
    const nothing = { problem: "", done: "", made: null, typed: null };
    const body = keysPage({ ...nothing, businesses, keys: all, now: now(), ...shown });
    const status = shown.problem === undefined ? 200 : 400;
    return c.html(page(c, parts, { title: "API keys", place: "keys", body }), status);
  }
}

function endpointRoutes(door: Hono<ConsoleEnv>, parts: ConsoleParts): void {
  const { endpoints, outgoing, businesses, showSimulated, now, newId, randomBytes, wake } = parts;
  const admin = requires(parts, "manage keys");

  door.get("/endpoints", admin, (c) => show(c, { done: ENDPOINT_DONE[c.req.query("done") ?? ""] ?? "" }));

  door.post("/endpoints", admin, async (c) => {
    const form = await readForm(c);
    const typed: TypedEndpoint = {
      business: form.text("business", 63),
      url: form.text("url", MAX_URL_LENGTH + 1),
      kinds: form.all("kind"),
      description: form.text("description", MAX_DESCRIPTION_LENGTH),
    };
    const problem = wrongEndpoint(typed);
    if (problem !== null) return show(c, { problem, typed });
    const secret = `whsec_${Buffer.from(randomBytes(SECRET_BYTES)).toString("base64")}`;
    const made = {
      businessId: typed.business,
      id: newId(),
      url: new URL(typed.url).href,
      kinds: ENTRY_KINDS.filter((kind) => typed.kinds.includes(kind)),
      description: typed.description,
      createdAt: now(),
      createdBy: c.get("operator").email,
    };
    try {
      await endpoints.add(made, secret);
    } catch (error) {
      if (error instanceof TooManyEndpoints) return show(c, { problem: error.message, typed });
      throw error;
    }
    await log(c, "endpoint-added", made);
    return show(c, { made: { url: made.url, secret } });
  });

  door.post("/endpoints/:business/:id/:change{disable|enable}", admin, async (c) => {
    const { business, id, change } = c.req.param();
    const endpoint = (await endpoints.list()).find((each) => each.businessId === business && each.id === id);
    if (endpoint === undefined) return show(c, { problem: "There is no such endpoint." });
    const off = change === "disable";
    try {
      const changed = off
        ? await endpoints.disable(business, id, now())
        : await endpoints.enable(business, id);
      if (changed) await log(c, off ? "endpoint-disabled" : "endpoint-enabled", endpoint);
    } catch (error) {
      if (error instanceof TooManyEndpoints) return show(c, { problem: error.message });
      throw error;
    }
    return c.redirect(`/console/endpoints?done=${change}d`, 303);
  });

  door.post("/endpoints/deliveries/:business/:id/replay", admin, async (c) => {
    const { business, id } = c.req.param();
    const job = await outgoing.get(business, id);
    const again = job?.payload.kind === "event" ? await outgoing.replay(id, now()) : null;
    if (job === null || again === null)
      return show(c, { problem: "There is no such event, or it has not been sent once yet." });
    await logAccess(parts, c, {
      action: "replayed",
      businessId: business,
      subject: job.entryId,
      detail: `event ${id} as ${again}`,
    });
    wake();
    return c.redirect("/console/endpoints?done=replayed", 303);
  });

  function wrongEndpoint({ business, url, kinds }: TypedEndpoint): string | null {
    if (!businesses.some(({ id }) => id === business)) return "There is no such business.";
    if (url.length > MAX_URL_LENGTH) return `An address has at most ${MAX_URL_LENGTH} characters.`;
    const refusal = refusalOf(url, showSimulated);
    if (refusal !== null) return `${refusal} It takes an https address outside this network.`;
    const known = kinds.every((kind) => (ENTRY_KINDS as readonly string[]).includes(kind));
    return known && kinds.length > 0 ? null : "Choose at least one kind of entry.";
  }

  function log(
    c: ConsoleContext,
    action: "endpoint-added" | "endpoint-disabled" | "endpoint-enabled",
    { businessId, id, url, kinds }: Pick<Endpoint, "businessId" | "id" | "url" | "kinds">,
  ): Promise<void> {
    const { origin } = new URL(url);
    return logAccess(parts, c, { action, businessId, subject: id, detail: `${origin}: ${kinds.join(" ")}` });
  }

  async function show(c: ConsoleContext, shown: Partial<EndpointsOptions>) {
    const only = c.req.query("endpoint");
    const [all, latest] = await Promise.all([
      endpoints.list(),
      outgoing.list({ kind: "event", limit: MAX_LOOKED_THROUGH }),
    ]);
    const deliveries = latest
      .filter(
        ({ payload }) => payload.kind === "event" && (only === undefined || payload.endpointId === only),
      )
      .slice(0, MAX_DELIVERIES);
    const nothing = { problem: "", done: "", made: null, typed: null };
    const body = endpointsPage(parts, { ...nothing, endpoints: all, deliveries, ...shown });
    const status = shown.problem === undefined ? 200 : 400;
    return c.html(page(c, parts, { title: "Event endpoints", place: "endpoints", body }), status);
  }
}
