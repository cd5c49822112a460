import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  after,
  ENTRY_KINDS,
  fold,
  ownWord,
  type ConsentState,
  type EntryKind,
} from "../../src/call/consent.ts";

type Entry = { readonly kind: EntryKind; readonly topics: readonly string[] };

/** Where a subscriber stands on one topic after these entries. */
const stands = (...kinds: EntryKind[]): ConsentState | undefined =>
  fold(kinds.map((kind) => ({ kind, topics: ["visits"] }))).get("visits");

const TOPICS = ["visits", "offers", "results"];
const logs = fc.array(
  fc.record({ kind: fc.constantFrom(...ENTRY_KINDS), topics: fc.subarray(TOPICS, { minLength: 1 }) }),
  { maxLength: 40 },
);

describe("a subscriber", () => {
  it.each<[EntryKind[], ConsentState]>([
    [["granted"], "granted"],
    [["refused"], "refused"],
    [["revoked"], "revoked"],
    [["pending"], "pending"],
    [["granted", "revoked"], "revoked"],
    [["revoked", "granted"], "granted"],
    [["granted", "refused"], "refused"],
    [["refused", "granted"], "granted"],
    [["refused", "pending"], "pending"],
    [["revoked", "pending"], "pending"],
    [["pending", "revoked"], "revoked"],
    [["pending", "pending"], "pending"],
  ])("with %j on record stands at %s: the last entry committed decides", (kinds, state) => {
    expect(stands(...kinds)).toBe(state);
  });

  it("who granted keeps the grant when somebody else names the number", () => {
    expect(stands("granted", "pending")).toBe("granted");
  });

  it("who confirms a pending request has granted it", () => {
    expect(stands("pending", "confirmed")).toBe("granted");
  });

  it.each<[EntryKind[], ConsentState]>([
    [["pending", "refused", "confirmed"], "refused"],
    [["pending", "revoked", "confirmed"], "revoked"],
    [["granted", "revoked", "confirmed"], "revoked"],
    [["granted", "confirmed"], "granted"],
    [["confirmed"], "none"],
  ])("with %j on record stands at %s: a confirmation revives nothing", (kinds, state) => {
    expect(stands(...kinds)).toBe(state);
  });

  it.each<ConsentState>(["granted", "refused", "revoked", "pending", "none"])(
    "who stands at %s stands there still when their call was recorded",
    (state) => {
      expect(after(state, "recorded")).toBe(state);
    },
  );

  it("stands on each topic by itself", () => {
    const entries: Entry[] = [
      { kind: "granted", topics: ["visits", "offers"] },
      { kind: "revoked", topics: ["offers"] },
      { kind: "pending", topics: ["results"] },
    ];
    expect(Object.fromEntries(fold(entries))).toEqual({
      visits: "granted",
      offers: "revoked",
      results: "pending",
    });
  });

  it("of whom nothing is on record has no state at all", () => {
    expect(fold([]).size).toBe(0);
  });
});

describe("the fold over the entries", () => {
  it("depends on the order in which they were committed", () => {
    expect(stands("granted", "revoked")).not.toBe(stands("revoked", "granted"));
    expect(stands("pending", "confirmed")).not.toBe(stands("confirmed", "pending"));
  });

  it("comes to the same in pieces, one entry at a time, as at once: so a projection can be kept", () => {
    fc.assert(
      fc.property(logs, fc.nat(40), (entries, cut) => {
        const projection = new Map(fold(entries.slice(0, cut)));
        for (const { kind, topics } of entries.slice(cut)) {
          for (const topic of topics) projection.set(topic, after(projection.get(topic) ?? "none", kind));
        }
        expect(projection).toEqual(new Map(fold(entries)));
      }),
    );
  });

  it("gives a grant only where a grant or a confirmed request stands after every no", () => {
    fc.assert(
      fc.property(logs, (entries) => {
        for (const [topic, state] of fold(entries)) {
          const kinds = entries.filter(({ topics }) => topics.includes(topic)).map(({ kind }) => kind);
          const sinceNo = kinds.slice(
            1 + kinds.findLastIndex((kind) => kind === "refused" || kind === "revoked"),
          );
          const asked = sinceNo.indexOf("pending");
          const confirmed = asked >= 0 && sinceNo.indexOf("confirmed", asked) > asked;
          expect(state === "granted").toBe(sinceNo.includes("granted") || confirmed);
        }
      }),
    );
  });
});

describe("a person's own word", () => {
  const word = (...kinds: EntryKind[]): ConsentState | undefined =>
    ownWord(kinds.map((kind) => ({ kind, topics: ["visits"] })))[0]?.state;

  it("stands though somebody else names their number, until they say otherwise themselves", () => {
    expect(word("pending")).toBe("pending");
    expect(word("refused", "pending", "pending")).toBe("refused");
    expect(word("revoked", "pending")).toBe("revoked");
    expect(word("revoked", "pending", "confirmed")).toBe("granted");
    expect(word("revoked", "pending", "granted")).toBe("granted");
    expect(word("granted", "pending")).toBe("granted");
  });

  it("is what stands, or the no behind what somebody else said", () => {
    fc.assert(
      fc.property(logs, (entries) => {
        const stood = fold(entries);
        for (const { topic, state } of ownWord(entries)) {
          const now = stood.get(topic);
          expect(state === now || (now === "pending" && (state === "refused" || state === "revoked"))).toBe(
            true,
          );
        }
      }),
    );
  });
});
