import { html } from "hono/html";
import type { Endpoint } from "../../ledger/integration.ts";
import type { Outgoing } from "../../ledger/outgoing.ts";
import type { ConsoleParts } from "../parts.ts";
import { attribute, badge, DASH, NOTHING, option, simulatedBadge, time, type Html } from "./bits.ts";
import { emptyState, heading } from "./layout.ts";
import { outgoingState } from "./outgoing.ts";
import { businessName, ENTRY_KINDS, ENTRY_WORDS } from "./words.ts";

export type EndpointsOptions = {
  readonly endpoints: readonly Endpoint[];
  /** What was sent to them, the newest first. */
  readonly deliveries: readonly Outgoing[];
  readonly problem: string;
  readonly done: string;
  /** A secret just made; it is shown this once. */
  readonly made: { readonly url: string; readonly secret: string } | null;
  readonly typed: TypedEndpoint | null;
};

export type TypedEndpoint = {
  readonly business: string;
  readonly url: string;
  readonly kinds: readonly string[];
  readonly description: string;
};

export const MAX_URL_LENGTH = 500;
export const MAX_DESCRIPTION_LENGTH = 100;

/** Where other systems are told what was recorded. */
export function endpointsPage(parts: ConsoleParts, options: EndpointsOptions): Html {
  const { endpoints, problem, done, made } = options;
  return html`${heading("Event endpoints", "", "Other systems that are told what was recorded, as signed webhooks (Standard Webhooks). No number is ever in them.")}
  ${problem === "" ? NOTHING : html`<p class="problem" role="alert">${problem}</p>`}
  ${done === "" ? NOTHING : html`<p class="done" role="status">${done}</p>`}
  ${
    made === null
      ? NOTHING
      : html`<div class="done" role="status">
          <p>
            The secret of <strong class="break">${made.url}</strong>, shown this once: the receiver checks
            signatures with it.
          </p>
          <p><code class="secret break">${made.secret}</code></p>
        </div>`
  }
  ${endpoints.length === 0 ? emptyState("Nobody is told yet.", "Add the address of a system that wants to know.") : table(parts, endpoints)}
  ${form(parts, options)} ${deliveries(parts, options)}`;
}

function table(parts: ConsoleParts, endpoints: readonly Endpoint[]): Html {
  return html`<section class="scroll" tabindex="0" aria-label="Endpoints">
    <table class="stacked">
      <caption class="unseen">
        Endpoints
      </caption>
      <thead>
        <tr>
          <th scope="col">Address</th>
          <th scope="col">Business</th>
          <th scope="col">Hears of</th>
          <th scope="col">Added</th>
          <th scope="col">State</th>
          <th scope="col">Change</th>
        </tr>
      </thead>
      <tbody>
        ${endpoints.map((endpoint) => row(parts, endpoint))}
      </tbody>
    </table>
  </section>`;
}

function row(parts: ConsoleParts, endpoint: Endpoint): Html {
  const { businessId, id, url, description, kinds, disabledAt } = endpoint;
  const path = `/console/endpoints/${businessId}/${id}`;
  const change = disabledAt === null ? "disable" : "enable";
  const words = disabledAt === null ? "Disable" : "Enable";
  return html`<tr>
    <th scope="row" class="free">
      ${url}${description === "" ? NOTHING : html`<br /><span class="soft small">${description}</span>`}
    </th>
    <td>${businessName(parts.businesses, businessId)}</td>
    <td class="wrap">
      ${kinds.length === ENTRY_KINDS.length ? "everything" : kinds.map((kind) => ENTRY_WORDS[kind].toLowerCase()).join(", ")}
    </td>
    <td data-label="Added" class="wrap">
      ${time(endpoint.createdAt)} <span class="soft">${endpoint.createdBy}</span>
    </td>
    <td>
      ${disabledAt === null ? badge("granted", "On") : html`${badge("refused", "Off")} <span class="soft">since ${time(disabledAt)}</span>`}
    </td>
    <td>
      <div class="acts">
        <a
          class="button"
          href="/console/endpoints?endpoint=${id}#deliveries-title"
          aria-label="Deliveries to ${url}"
          >Deliveries</a
        >
        <form class="inline" method="post" action="${path}/${change}">
          <button type="submit" class="${disabledAt === null ? "danger" : ""}" aria-label="${words} ${url}">
            ${words}
          </button>
        </form>
      </div>
    </td>
  </tr>`;
}

function form({ businesses }: ConsoleParts, { typed }: EndpointsOptions): Html {
  return html`<section class="card narrow" aria-labelledby="add-title">
    <h2 id="add-title">Add an endpoint</h2>
    <form method="post" action="/console/endpoints" class="stack">
      <div class="field">
        <label for="endpoint-business">Business</label
        ><select id="endpoint-business" name="business">
          ${businesses.map(({ id, name }) => option(id, name, typed?.business ?? businesses[0]?.id))}
        </select>
      </div>
      <div class="field">
        <label for="endpoint-url">Address</label
        ><input
          id="endpoint-url"
          name="url"
          type="url"
          maxlength="${MAX_URL_LENGTH}"
          value="${typed?.url ?? ""}"
          placeholder="https://crm.example.com/yesline"
          autocomplete="off"
          spellcheck="false"
          required
        />
      </div>
      <fieldset>
        <legend>It hears of entries that are</legend>
        ${ENTRY_KINDS.map(
          (kind) =>
            html`<label class="check"
              ><input
                type="checkbox"
                name="kind"
                value="${kind}"
                ${attribute("checked", typed?.kinds.includes(kind) ?? true)}
              />
              ${ENTRY_WORDS[kind].toLowerCase()}</label
            >`,
        )}
      </fieldset>
      <div class="field">
        <label for="endpoint-description">What it is for, if you like</label
        ><input
          id="endpoint-description"
          name="description"
          maxlength="${MAX_DESCRIPTION_LENGTH}"
          value="${typed?.description ?? ""}"
          autocomplete="off"
        />
      </div>
      <button type="submit" class="primary">Add</button>
    </form>
  </section>`;
}

function deliveries(parts: ConsoleParts, { deliveries: rows, endpoints }: EndpointsOptions): Html {
  return html`<section aria-labelledby="deliveries-title">
    <div class="title-row">
      <h2 id="deliveries-title">Last deliveries</h2>
      <a href="/console/outgoing?kind=event">All of them</a>
    </div>
    ${
      rows.length === 0
        ? html`<p class="soft">Nothing has been told yet.</p>`
        : html`<section class="scroll" tabindex="0" aria-label="Deliveries">
            <table class="stacked">
              <thead>
                <tr>
                  <th scope="col">When</th>
                  <th scope="col">State</th>
                  <th scope="col">To</th>
                  <th scope="col">Again</th>
                </tr>
              </thead>
              <tbody>
                ${rows.map((job) => delivery(parts, job, endpoints))}
              </tbody>
            </table>
          </section>`
    }
  </section>`;
}

function delivery({ now }: ConsoleParts, job: Outgoing, endpoints: readonly Endpoint[]): Html {
  const { payload, businessId, id, finishedAt } = job;
  const to = endpoints.find((each) => payload.kind === "event" && each.id === payload.endpointId);
  return html`<tr>
    <td>${time(job.at)} ${simulatedBadge(job.simulated)}</td>
    <td class="free">${outgoingState(job, now())}</td>
    <td class="free">${to?.url ?? DASH}</td>
    <td>
      ${
        finishedAt === null
          ? DASH
          : html`<form
              class="inline"
              method="post"
              action="/console/endpoints/deliveries/${businessId}/${id}/replay"
            >
              <button type="submit" aria-label="Replay the event of entry ${job.entryId ?? id}">
                Replay
              </button>
            </form>`
      }
    </td>
  </tr>`;
}
