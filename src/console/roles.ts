/** What an operator is trusted with; each role may do what the ones before it may. */
export const ROLES = ["viewer", "supervisor", "admin"] as const;
export type Role = (typeof ROLES)[number];

/** What the console lets people do, beyond looking at masked numbers. */
export type Deed =
  | "reveal"
  | "note"
  | "withdraw"
  | "export"
  | "evidence"
  | "listen"
  | "see accesses"
  | "read messages"
  | "move"
  | "call"
  | "retry"
  | "erase"
  | "disclose"
  | "manage operators"
  | "manage keys";

const NEEDED: Readonly<Record<Deed, Role>> = {
  reveal: "supervisor",
  note: "supervisor",
  withdraw: "supervisor",
  export: "supervisor",
  evidence: "supervisor",
  listen: "supervisor",
  "see accesses": "supervisor",
  "read messages": "supervisor",
  move: "supervisor",
  call: "supervisor",
  retry: "supervisor",
  erase: "admin",
  disclose: "admin",
  "manage operators": "admin",
  "manage keys": "admin",
};

export function may(role: Role, deed: Deed): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(NEEDED[deed]);
}

/** The role that a deed needs, for the page that refuses it. */
export function neededFor(deed: Deed): Role {
  return NEEDED[deed];
}

export function isRole(text: string): text is Role {
  return (ROLES as readonly string[]).includes(text);
}
