/** What each business's sender may send, by business: messages a second. */
export type Rates = ReadonlyMap<string, number>;

/** What a sender has not used is good for so long: a round that comes late takes what it missed. */
const SAVED_MS = 200;

/**
 * Keeps each sender to its rate. Twilio queues what comes faster, or refuses it (63018), and callers pay for it: each
 * message is several writes. A clock that jumps back gives nothing, one that jumps ahead no more than is saved.
 */
export function pace(rates: Rates) {
  const senders = new Map([...rates].map(([id, perSecond]) => [id, { perSecond, left: 0, at: -Infinity }]));

  function refill(now: number): void {
    for (const sender of senders.values()) {
      const gained = (Math.max(0, now - sender.at) * sender.perSecond) / 1000;
      sender.left = Math.min(sender.left + gained, Math.max(1, (sender.perSecond * SAVED_MS) / 1000));
      sender.at = now;
    }
  }

  return {
    /** So many may leave now, by business. */
    room(now: number): Readonly<Record<string, number>> {
      refill(now);
      return Object.fromEntries([...senders].map(([id, { left }]) => [id, Math.floor(left)]));
    },
    took(businessId: string): void {
      const sender = senders.get(businessId);
      if (sender !== undefined) sender.left -= 1;
    },
    /** Until a sender that may send nothing now may send again; Infinity where each of them may. */
    waitMs(): number {
      const empty = [...senders.values()].filter(({ left }) => left < 1);
      return Math.min(...empty.map(({ left, perSecond }) => Math.ceil(((1 - left) * 1000) / perSecond)));
    },
  };
}
