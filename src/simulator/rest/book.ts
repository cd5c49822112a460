/** A list of what was sent or placed, the newest last, that forgets the oldest. */
export type Book<Row extends { readonly sid: string }> = {
  add(row: Row): void;
  find(sid: string): Row | undefined;
  /** @returns false where there is no such row */
  remove(sid: string): boolean;
  /** The newest first, as Twilio lists them. */
  newest(): readonly Row[];
};

export function book<Row extends { readonly sid: string }>(max: number): Book<Row> {
  const rows = new Map<string, Row>();
  return {
    add(row) {
      rows.set(row.sid, row);
      const [oldest] = rows.keys();
      if (rows.size > max && oldest !== undefined) rows.delete(oldest);
    },
    find: (sid) => rows.get(sid),
    remove: (sid) => rows.delete(sid),
    newest: () => [...rows.values()].toReversed(),
  };
}
