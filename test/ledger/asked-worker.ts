import { answering } from "../../src/ledger/asking-thread.ts";
import { LedgerUnavailable, UnknownCall } from "../../src/ledger/ledger.ts";

/** A thread that does as it is asked, for the tests of how it is asked. */
export type Order =
  | { readonly kind: "note"; readonly text: string }
  | { readonly kind: "notes" }
  /** Nothing else happens in the thread meanwhile, as in a write that the disk does not end. */
  | { readonly kind: "hang"; readonly milliseconds: number }
  | { readonly kind: "fail"; readonly how: "unavailable" | "unknown-call" | "other" | "nothing" }
  | { readonly kind: "die" };

const notes: string[] = [];

answering((order: Order): unknown => {
  switch (order.kind) {
    case "note":
      return notes.push(order.text);
    case "notes":
      return notes;
    case "hang":
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, order.milliseconds);
      return "over";
    case "fail":
      throw failure(order.how);
    case "die":
      setImmediate(() => {
        throw new Error("It has died.");
      });
      return new Promise(() => undefined);
  }
});

function failure(how: (Order & { kind: "fail" })["how"]): unknown {
  const cause = Object.assign(new Error("database or disk is full"), { code: "SQLITE_FULL" });
  switch (how) {
    case "unavailable":
      return new LedgerUnavailable("The disk refused the write.", { cause });
    case "unknown-call":
      return new UnknownCall("It never began here.");
    case "other":
      return cause;
    case "nothing":
      return null;
  }
}
