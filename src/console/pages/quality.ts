import { html } from "hono/html";
import type { Business } from "../../call/business.ts";
import type { EntryKind } from "../../call/consent.ts";
import type { QualityPeriod, QualityRow } from "../../ledger/quality.ts";
import { badge, DASH, NOTHING, type Html } from "./bits.ts";
import { businessName, ENTRY_KINDS, ENTRY_WORDS, topicWords } from "./words.ts";

/** The periods that are shown, in days. */
export const QUALITY_DAYS = [7, 30] as const;

/** How people take what they are sent, by business and topic; it warns before WhatsApp does. */
export function qualityCard(businesses: readonly Business[], periods: readonly QualityPeriod[]): Html {
  const nothing = periods.every(({ rows }) => rows.length === 0);
  const warned = nothing ? [] : topicsWarnedOf(businesses, periods);
  return html`<section aria-labelledby="quality-title">
    <h2 id="quality-title">Quality</h2>
    ${
      nothing
        ? html`<p class="soft">Nobody has agreed or withdrawn, and nothing was sent, in the last 30 days.</p>`
        : html`${warned.length === 0 ? NOTHING : html`<p class="warning" role="note"><strong>Too many leave:</strong> ${warned.join("; ")}. Send less, or something else.</p>`}
            <div class="rail">${periods.map((period) => table(businesses, period))}</div>
            <p class="soft small quality-note">
              Days are UTC days. Opt-outs: withdrawals, whichever way they came, against new consents of the
              same days. Blocked: the person blocked or reported the business or opted out on WhatsApp, or
              WhatsApp withheld the message.
            </p>`
    }
  </section>`;
}

/** The share of those who agreed that left again; null where nobody agreed. */
export function optOutRate({ granted, revoked }: Pick<QualityRow, "granted" | "revoked">): number | null {
  return granted === 0 ? null : revoked / granted;
}

/** From the business's own limit on. Where people only leave, no share says it, and it is a warning all the same. */
export function isWarning(businesses: readonly Business[], row: QualityRow): boolean {
  const limit = businesses.find(({ id }) => id === row.businessId)?.optOutWarning;
  if (limit === undefined || row.revoked === 0) return false;
  const rate = optOutRate(row);
  return rate === null || rate >= limit;
}

function topicsWarnedOf(
  businesses: readonly Business[],
  periods: readonly QualityPeriod[],
): readonly string[] {
  const warned = periods.flatMap(({ days, rows }) =>
    rows.filter((row) => isWarning(businesses, row)).map((row) => ({ days, row })),
  );
  const names = new Map<string, readonly number[]>();
  for (const { days, row } of warned) {
    const name = `${topicWords(businesses, row.businessId, row.topic)} of ${businessName(businesses, row.businessId)}`;
    names.set(name, [...(names.get(name) ?? []), days]);
  }
  return [...names].map(([name, days]) => `${name} (${days.join(" and ")} days)`);
}

function table(businesses: readonly Business[], { days, rows }: QualityPeriod): Html {
  return html`<section class="scroll" tabindex="0" aria-label="Quality of the last ${days} days">
    <table class="stacked quality">
      <caption>
        Last ${days} days
      </caption>
      <thead>
        <tr>
          <th scope="col">Topic</th>
          <th scope="col">Opt-outs</th>
          <th scope="col">Messages delivered</th>
          <th scope="col">Blocked</th>
          <th scope="col">“May I send this?”</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map((row) => line(businesses, row))}
      </tbody>
    </table>
  </section>`;
}

function line(businesses: readonly Business[], row: QualityRow): Html {
  const { businessId, topic, granted, revoked, sent, delivered, failed, blocked, allowed, disallowed } = row;
  const rate = optOutRate(row);
  const few = failed === 0 ? "" : `, ${failed} failed`;
  return html`<tr>
    <th scope="row">
      ${topicWords(businesses, businessId, topic)}
      <span class="soft small">${businessName(businesses, businessId)}</span>
    </th>
    <td data-label="Opt-outs">
      ${isWarning(businesses, row) ? badge("warning", `${percent(rate)}, too many`) : percent(rate)}
      <span class="soft small">${revoked} of ${granted}</span>
    </td>
    <td data-label="Delivered">
      ${sent === 0 ? DASH : html`${percent(delivered / sent)} <span class="soft small">${delivered} of ${sent}${few}</span>`}
    </td>
    <td data-label="Blocked">
      ${sent === 0 ? DASH : html`${percent(blocked / sent)} <span class="soft small">${blocked} of ${sent}</span>`}
    </td>
    <td data-label="Permissions">
      ${
        allowed + disallowed === 0
          ? DASH
          : html`${percent(allowed / (allowed + disallowed))} yes
              <span class="soft small">${allowed} allowed, ${disallowed} refused</span>`
      }
    </td>
  </tr>`;
}

function percent(share: number | null): string {
  if (share === null) return "–";
  const value = share * 100;
  return `${value >= 10 || value === 0 ? Math.round(value) : value.toFixed(1)} %`;
}

export type WhatsAppToday = {
  readonly counts: Readonly<Partial<Record<EntryKind, number>>>;
  /** How many messages wait for somebody; null where none does, or where it is not theirs to know. */
  readonly waiting: string | null;
};

/** What came on WhatsApp on a day: entries by kind, each leading to them, and what waits for somebody. */
export function whatsAppCard({ counts, waiting }: WhatsAppToday, day: string): Html {
  const address = `/console/entries?source=whatsapp&since=${day}&until=${day}`;
  return html`<section class="card" aria-labelledby="whatsapp-title">
    <div class="title-row">
      <h2 id="whatsapp-title">On WhatsApp, today</h2>
      <a href="/console/entries?source=whatsapp">Every entry</a>
    </div>
    <ul class="counts">
      ${ENTRY_KINDS.map(
        (kind) =>
          html`<li>
            <a href="${address}&amp;kind=${kind}"
              >${badge(kind, ENTRY_WORDS[kind])} <strong>${counts[kind] ?? 0}</strong></a
            >
          </li>`,
      )}
    </ul>
    ${waiting === null ? NOTHING : html`<p><a href="/console/inbox">Not understood, waiting for somebody: ${waiting}</a></p>`}
  </section>`;
}
