/** What those say that make no words of their own: strings that are ready. */
export const ASKS = `<?xml version="1.0" encoding="UTF-8"?><Response><Say>${"Acme Dental asks whether it may write to you. ".repeat(12)}</Say><Gather numDigits="1" action="/voice/choice"><Say>Press 1 to agree. Press 2 to refuse.</Say></Gather></Response>`;
export const THANKS =
  '<?xml version="1.0" encoding="UTF-8"?><Response><Say>Thank you. Your choice is recorded.</Say><Hangup/></Response>';
