import { twiml, type Handler } from "./service.ts";

export type Choices = Map<string, "granted" | "refused">;

export type LineFaults = {
  /** Words left out of the notice. */
  without?: string;
  /** Counts silence as a yes. */
  grantsOnSilence?: boolean;
  /** Answers a repeated webhook differently. */
  forgetsRetries?: boolean;
};

const notice = "Welcome to Acme Dental. We would like to write to you on WhatsApp.";

/** A small line that asks for consent, in three attempts: good enough to be tested, and to be broken. */
export function consentLine(choices: Choices, faults: LineFaults = {}): Record<string, Handler> {
  const repeats = new Map<string, number>();

  function ask(lead: string, attempt: number): string {
    const words = lead + notice.replace(faults.without ?? "", "");
    const next = `/voice/choice?try=${attempt}`;
    return twiml(
      `<Say>${words}</Say><Gather numDigits="1" action="${next}"><Say>Press 1 to agree, or 2 to refuse.</Say></Gather>` +
        `<Redirect>${next}&amp;silent=1</Redirect>`,
    );
  }

  function settle(callSid: string, choice: "granted" | "refused"): string {
    const seen = repeats.get(callSid) ?? 0;
    repeats.set(callSid, seen + 1);
    choices.set(callSid, choices.get(callSid) ?? choice);
    const words =
      faults.forgetsRetries === true && seen > 0 ? "Something else." : "Your choice was recorded.";
    return twiml(`<Say>${words}</Say><Hangup/>`);
  }

  return {
    "/voice": () => ask("", 1),
    "/voice/choice": ({ form, path }) => {
      const attempt = Number(new URL(path, "http://line.test").searchParams.get("try"));
      const callSid = form["CallSid"] ?? "";
      const digits = form["Digits"];
      if (digits === "1" || (digits === undefined && faults.grantsOnSilence === true))
        return settle(callSid, "granted");
      if (digits === "2") return settle(callSid, "refused");
      if (attempt >= 3) return twiml("<Say>Nothing was recorded. Goodbye.</Say><Hangup/>");
      return ask(
        digits === undefined ? "We didn't hear you. " : "That key isn't one of the choices. ",
        attempt + 1,
      );
    },
    "/voice/status": () => ({ status: 204, type: null }),
  };
}
