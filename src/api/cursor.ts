/** A place in the log, as other systems carry it about: opaque, and good for ever. */
export function cursorAt(seq: number): string {
  return Buffer.from(`after:${seq}`).toString("base64url");
}

/** @returns null where it is none of ours */
export function placeOf(cursor: string): number | null {
  const seq = /^after:(\d{1,15})$/.exec(Buffer.from(cursor, "base64url").toString("latin1"))?.[1];
  return seq === undefined || cursorAt(Number(seq)) !== cursor ? null : Number(seq);
}
