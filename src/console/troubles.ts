/** Webhooks that failed or were refused for one reason. */
export type Trouble = {
  readonly route: string;
  readonly status: number;
  readonly reason: string;
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly lastAt: number;
};

/** So many groups are kept; the one that was quiet for longest makes room. */
const MAX_GROUPS = 50;
const MAX_REASON_LENGTH = 160;

export type Troubles = ReturnType<typeof troubleBook>;

/** Groups what went wrong with webhooks since the start, for the Today page. */
export function troubleBook(now: () => number) {
  const groups = new Map<string, Trouble>();
  return {
    saw({ route, status, outcome }: { route: string; status: number; outcome: string }, error?: Error): void {
      if (status < 400 && error === undefined) return;
      const cause = error === undefined ? outcome : `${error.name}: the caller heard the apology`;
      const reason = cause.slice(0, MAX_REASON_LENGTH);
      const key = `${route} ${status} ${reason}`;
      const count = (groups.get(key)?.count ?? 0) + 1;
      // Set anew, so that the map's order is that of the last sighting.
      groups.delete(key);
      groups.set(key, { route, status, reason, count, lastAt: now() });
      if (groups.size > MAX_GROUPS) groups.delete(groups.keys().next().value ?? "");
    },
    list: (): readonly Trouble[] => [...groups.values()].toReversed(),
  };
}
