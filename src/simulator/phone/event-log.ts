import type { NumberedEvent, PhoneEvent } from "./phone-event.ts";

export type EventLogLimits = { events: number; bytes: number };

/** The events of one call, kept in full, so that whoever was cut off can read on where they were. */
export type EventLog = {
  append(event: PhoneEvent): void;
  /** What follows the event of this number; the first one after 0. */
  next(id: number): NumberedEvent | undefined;
  /** The number of the last event. */
  readonly last: number;
  /** Nothing follows any more. */
  close(): void;
  readonly closed: boolean;
  /** There is no room for another webhook: the call must end. The few events of its end are still kept. */
  readonly full: boolean;
  /** Resolves at the next event, at the end, after `ms`, or when the reader is gone. */
  changed(ms: number, gone: AbortSignal): Promise<void>;
};

export function eventLog(limits: EventLogLimits): EventLog {
  const entries: NumberedEvent[] = [];
  const readers = new Set<() => void>();
  let bytes = 0;
  let closed = false;
  const wakeAll = (): void => {
    for (const wake of readers) wake();
  };
  return {
    append(event) {
      bytes += JSON.stringify(event).length;
      entries.push({ id: entries.length + 1, event });
      wakeAll();
    },
    next: (id) => entries[id],
    get last() {
      return entries.length;
    },
    close() {
      closed = true;
      wakeAll();
    },
    get closed() {
      return closed;
    },
    get full() {
      return entries.length >= limits.events || bytes >= limits.bytes;
    },
    changed(ms, gone) {
      return new Promise((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          readers.delete(wake);
          gone.removeEventListener("abort", wake);
          resolve();
        };
        const timer = setTimeout(wake, ms);
        readers.add(wake);
        gone.addEventListener("abort", wake, { once: true });
        if (gone.aborted) wake();
      });
    },
  };
}
