/** What Twilio answers to a request that it does not do: its code, the sentence that goes with it, and HTTP's status. */
export type Refusal = { readonly status: number; readonly code: number; readonly message: string };

export function refusal(status: number, code: number, message: string): Refusal {
  return { status, code, message };
}

/** The body of an error as Twilio writes it (twilio.com/docs/usage/twilios-response). */
export function refusalBody({ status, code, message }: Refusal) {
  return { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status };
}
