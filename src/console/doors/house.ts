import { Hono } from "hono";
import { z } from "zod";
import { ACCESS_ACTIONS } from "../../ledger/reading.ts";
import {
  DAYS,
  momentsOf,
  readAddress,
  readCarried,
  writeAddress,
  type Asked,
  type Mistake,
} from "../address.ts";
import { ACCESS_COLUMNS } from "../columns.ts";
import { allRows } from "../exports.ts";
import { readForm } from "../form.ts";
import { requires, setCookies, visitOf } from "../guard.ts";
import { isAddress } from "../identity/addresses.ts";
import { MIN_PASSWORD_LENGTH, type NewPassword, type Operator } from "../identity/identity.ts";
import { readPage } from "../log-query.ts";
import { accessesPage } from "../pages/accesses.ts";
import { accountPage, type AccountOptions } from "../pages/account.ts";
import { helpPage } from "../pages/help.ts";
import { page } from "../pages/layout.ts";
import { operatorsPage } from "../pages/operators.ts";
import { scriptPage } from "../pages/script.ts";
import { logAccess, type ConsoleContext, type ConsoleEnv, type ConsoleParts } from "../parts.ts";
import { isRole } from "../roles.ts";
import { carriedQuery, exportList } from "./export.ts";

const ROWS_A_PAGE = 100;
const ROWS_EXPORTED_AT_ONCE = 200;
/** People, or subjects, that one beginning may stand for; more are asked to be told apart. */
const MAX_NAMES = 50;

const ACCESS_FIELDS = {
  who: { label: "Who", takes: z.string().max(254), fix: "An address has at most 254 characters." },
  action: { label: "Did what", takes: z.enum(ACCESS_ACTIONS), fix: "Choose one from the list." },
  subject: { label: "To what", takes: z.string().max(254), fix: "An id has at most 64 characters." },
  ...DAYS,
} as const;

const EMPTY = { rows: [], next: null, previous: null };

/** Access log, script, operators, one's own account, help. */
export function houseDoor(parts: ConsoleParts): Hono<ConsoleEnv> {
  const { reading, businesses } = parts;
  const door = new Hono<ConsoleEnv>();

  door.get("/accesses", requires(parts, "see accesses"), async (c) => {
    const { asked, mistakes: unread } = readAddress(ACCESS_FIELDS, c.req.query(), ["cursor", "page"]);
    const { filter, mistakes } = await accessFilter(c, asked, unread);
    const found =
      mistakes.length > 0 ? EMPTY : await reading.accesses(filter, readPage(c.req.query(), ROWS_A_PAGE));
    const operators = (await (await parts.identity()).list()).map(({ email }) => email);
    const address = writeAddress(ACCESS_FIELDS, asked);
    const body = accessesPage(parts, { query: asked, mistakes, page: found, address, operators });
    return c.html(
      page(c, parts, { title: "Access log", place: "accesses", body }),
      mistakes.length > 0 ? 400 : 200,
    );
  });

  door.post(
    "/accesses/export/:format",
    requires(parts, "see accesses"),
    requires(parts, "export"),
    async (c) => {
      const { asked, mistakes: unread } = readCarried(ACCESS_FIELDS, await carriedQuery(c));
      const { filter, mistakes } = await accessFilter(c, asked, unread);
      const piece = { limit: ROWS_EXPORTED_AT_ONCE, direction: "next" } as const;
      return exportList(c, parts, {
        name: "accesses",
        place: "accesses",
        columns: ACCESS_COLUMNS,
        mistakes,
        // What nobody has in the log might be a telephone number: it is not kept there (law 10).
        address: writeAddress(ACCESS_FIELDS, {
          ...asked,
          who: filter.actorNames?.length === 0 ? undefined : asked.who,
          subject: filter.subjects?.length === 0 ? undefined : asked.subject,
        }),
        businessId: undefined,
        rows: () => allRows((cursor: string | null) => reading.accesses(filter, { ...piece, cursor })),
      });
    },
  );

  async function accessFilter(
    c: ConsoleContext,
    asked: Asked<typeof ACCESS_FIELDS>,
    unread: readonly Mistake[],
  ) {
    const names = await namesOf(asked);
    const days = momentsOf(asked, c.get("preferences").utcOffsetMinutes ?? 0);
    return {
      filter: { ...names.filter, action: asked.action, ...days },
      mistakes: [...unread, ...names.mistakes],
    };
  }

  /** Who and what are found by their beginning; an operator also by their address, where they were changed. */
  async function namesOf({ who, subject }: Asked<typeof ACCESS_FIELDS>) {
    const mistakes: Mistake[] = [];
    async function known(name: "who" | "subject", column: "actorName" | "subject", prefix: string) {
      const found = await reading.accessNames(column, prefix, MAX_NAMES + 1);
      if (found.length <= MAX_NAMES) return found;
      const fix = `More than ${MAX_NAMES} begin like this: type more of it.`;
      mistakes.push({ name, label: ACCESS_FIELDS[name].label, typed: prefix, fix });
      return [];
    }
    const actorNames = who === undefined ? undefined : await known("who", "actorName", who.toLowerCase());
    if (subject === undefined) return { filter: { actorNames }, mistakes };
    const operator = subject.includes("@")
      ? (await (await parts.identity()).list()).find(({ email }) => email === subject.toLowerCase())
      : undefined;
    const subjects = await known("subject", "subject", operator?.id ?? subject);
    return { filter: { actorNames, subjects }, mistakes };
  }

  door.get("/script", (c) => {
    const [first] = businesses;
    const business = businesses.find(({ id }) => id === c.req.query("business")) ?? first;
    if (business === undefined) return c.notFound();
    const locale = business.locales.find((each) => each === c.req.query("locale")) ?? business.locales[0];
    return c.html(
      page(c, parts, { title: "Script", place: "script", body: scriptPage(parts, business, locale) }),
    );
  });

  door.get("/help", (c) =>
    c.html(page(c, parts, { title: "Help", place: "help", body: helpPage(c.get("preferences").keys) })),
  );

  door.use("/operators/*", requires(parts, "manage operators"));
  door.get("/operators", requires(parts, "manage operators"), (c) => showOperators(c));

  door.post("/operators", requires(parts, "manage operators"), async (c) => {
    const form = await readForm(c);
    const email = form.text("email", 254).toLowerCase();
    const role = form.text("role", 20);
    if (!isAddress(email) || !isRole(role)) return showOperators(c, "This is not an e-mail address.");
    const made = await (await parts.identity()).add(email, role);
    if (made === null) return showOperators(c, `${email} is an operator already.`);
    await changed(c, "operator-added", made.operator, role);
    return showOperators(c, "", made);
  });

  door.post("/operators/:id/:change", async (c) => {
    const { id, change } = c.req.param();
    if (id === c.get("operator").id) return showOperators(c, "Nobody changes their own rights.");
    const identity = await parts.identity();
    switch (change) {
      case "role": {
        const role = (await readForm(c)).text("role", 20);
        const operator = isRole(role) ? await identity.changeRole(id, role) : null;
        if (operator === null) return showOperators(c, "There is no such operator or role.");
        await changed(c, "operator-changed", operator, `role ${role}`);
        return c.redirect("/console/operators", 303);
      }
      case "disable":
      case "enable": {
        const operator = await identity.disable(id, change === "disable");
        if (operator === null) return showOperators(c, "There is no such operator.");
        await changed(
          c,
          change === "disable" ? "operator-disabled" : "operator-changed",
          operator,
          `${change}d`,
        );
        return c.redirect("/console/operators", 303);
      }
      case "reset": {
        const made = await identity.reset(id);
        if (made === null) return showOperators(c, "There is no such operator.");
        await changed(c, "operator-changed", made.operator, "new password");
        return showOperators(c, "", made);
      }
      default:
        return c.notFound();
    }
  });

  door.get("/account", (c) => showAccount(c, {}));

  door.post("/account/password", async (c) => {
    const form = await readForm(c);
    const next = form.verbatim("next");
    if (next.length < MIN_PASSWORD_LENGTH)
      return showAccount(c, { problem: `A password has at least ${MIN_PASSWORD_LENGTH} characters.` });
    const cookies = await (await parts.identity()).changePassword(form.verbatim("current"), next, visitOf(c));
    if (cookies === null) return showAccount(c, { problem: "The present password is not that one." });
    return kept(c, cookies, "new password of their own", "The password is changed.");
  });

  door.post("/account/second-factor", async (c) => {
    const enrolment = await (
      await parts.identity()
    ).enrol((await readForm(c)).verbatim("on-password"), visitOf(c));
    return showAccount(c, enrolment === null ? { problem: "The password is not that one." } : { enrolment });
  });

  door.post("/account/second-factor/confirm", async (c) => {
    const code = (await readForm(c)).text("code", 10);
    const cookies = await (await parts.identity()).confirmEnrolment(code, visitOf(c));
    if (cookies === null) return showAccount(c, { problem: "The code does not fit. Set it up once more." });
    return kept(c, cookies, "second factor on", "The second factor is on.");
  });

  door.post("/account/second-factor/off", async (c) => {
    const form = await readForm(c);
    const cookies = await (
      await parts.identity()
    ).withdrawEnrolment(form.verbatim("off-password"), visitOf(c));
    if (cookies === null) return showAccount(c, { problem: "The password is not that one." });
    return kept(c, cookies, "second factor off", "The second factor is off.");
  });

  async function showOperators(c: ConsoleContext, problem = "", made: NewPassword | null = null) {
    const operators = await (await parts.identity()).list();
    const body = operatorsPage({ operators, self: c.get("operator").id, problem, made });
    return c.html(
      page(c, parts, { title: "Operators", place: "operators", body }),
      problem === "" ? 200 : 400,
    );
  }

  function showAccount(
    c: ConsoleContext,
    shown: Partial<AccountOptions>,
    operator: Operator = c.get("operator"),
  ) {
    const body = accountPage({ operator, problem: "", done: "", enrolment: null, ...shown });
    const status = shown.problem === undefined ? 200 : 400;
    return c.html(page(c, parts, { title: "Your account", place: "account", body }), status);
  }

  async function kept(c: ConsoleContext, cookies: readonly string[], detail: string, done: string) {
    const self = c.get("operator");
    await changed(c, "operator-changed", self, detail);
    setCookies(c, cookies);
    const fresh = (await (await parts.identity()).list()).find(({ id }) => id === self.id) ?? self;
    return showAccount(c, { done }, fresh);
  }

  function changed(
    c: ConsoleContext,
    action: "operator-added" | "operator-changed" | "operator-disabled",
    { id, email }: Operator,
    detail: string,
  ): Promise<void> {
    return logAccess(parts, c, { action, subject: id, detail: `${email}: ${detail}` });
  }

  return door;
}
