import { phoneCall, type PhoneCall, type PhoneCallParts, type PhoneLine } from "./phone-call.ts";
import type { PlacingRequest } from "./requests.ts";

/** Bounds on what pages may ask of this server. */
export type PhoneLimits = {
  /** Calls that go on at the same time. */
  readonly calls: number;
  /** Ended calls that can still be read and saved. */
  readonly endedCalls: number;
  /** A call that nobody touches for so long is hung up; an ended one is forgotten. */
  readonly idleMs: number;
  /** A call that no page listens to for so long is hung up. */
  readonly unattendedMs: number;
  /** Pages that listen to one call. */
  readonly readers: number;
  /** Events kept of one call, and their bytes as JSON. */
  readonly events: number;
  readonly bytes: number;
};

export const defaultPhoneLimits: PhoneLimits = {
  calls: 20,
  endedCalls: 40,
  idleMs: 10 * 60_000,
  unattendedMs: 45_000,
  readers: 4,
  events: 5_000,
  bytes: 4_000_000,
};

export type SwitchboardParts = Omit<PhoneCallParts, "line" | "limits"> & {
  readonly lines: readonly PhoneLine[];
  readonly limits: PhoneLimits;
  readonly onError: (error: unknown) => void;
};

/** A call and who is at it. */
export type Session = {
  readonly call: PhoneCall;
  /** Somebody did something: the call is not idle. */
  readonly touch: () => void;
  /** A page listens until it calls what is returned. Undefined: too many listen already. */
  readonly attend: () => (() => void) | undefined;
};

/** The calls that pages make, each within bounds, all forgotten in time. */
export type Switchboard = {
  /** Undefined: no call can be added now. */
  place(request: PlacingRequest): PhoneCall | undefined;
  find(callSid: string): Session | undefined;
  hangUpAll(reason: string): void;
};

export function switchboard(parts: SwitchboardParts): Switchboard {
  const { limits } = parts;
  const sessions = new Map<string, Session>();
  const open = () => [...sessions.values()].filter(({ call }) => !call.log.closed);

  function forgetOldest(): void {
    const ended = [...sessions.values()].filter(({ call }) => call.log.closed);
    for (const { call } of ended.slice(0, Math.max(0, ended.length - limits.endedCalls))) {
      sessions.delete(call.callSid);
    }
  }

  return {
    place(request) {
      const line = parts.lines.find((each) => each.line === request.line);
      if (line === undefined || open().length >= limits.calls) return undefined;
      const call = phoneCall(request, { ...parts, line });
      sessions.set(
        call.callSid,
        session(call, limits, () => sessions.delete(call.callSid)),
      );
      call.over.catch(parts.onError).finally(forgetOldest).catch(parts.onError);
      return call;
    },
    find: (callSid) => sessions.get(callSid),
    hangUpAll(reason) {
      for (const { call } of open()) call.giveUp(reason);
    },
  };
}

function session(call: PhoneCall, limits: PhoneLimits, forget: () => void): Session {
  let readers = 0;
  const idle = alarm(limits.idleMs, () => {
    if (call.log.closed) return forget();
    call.giveUp("Nobody touched this phone for a long time, so it hung up.");
    idle.set();
  });
  const unattended = alarm(limits.unattendedMs, () => {
    if (!call.log.closed) call.giveUp("No page listened to this call any more, so the phone hung up.");
  });
  idle.set();
  unattended.set();
  return {
    call,
    touch: () => idle.set(),
    attend() {
      if (readers >= limits.readers) return undefined;
      readers += 1;
      unattended.clear();
      return () => {
        readers -= 1;
        if (readers === 0) unattended.set();
      };
    },
  };
}

/** Rings once, `ms` after it was last set; it keeps no process from ending. */
function alarm(ms: number, ring: () => void) {
  let timer: NodeJS.Timeout | undefined;
  return {
    set() {
      clearTimeout(timer);
      timer = setTimeout(ring, ms).unref();
    },
    clear: () => clearTimeout(timer),
  };
}
