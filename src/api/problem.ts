import type { TypedResponse } from "hono";
import type { z } from "@hono/zod-openapi";
import type { ApiContext } from "./parts.ts";

/** Every way in which the API says no (RFC 9457), each with its page's words at /api/docs/problems. */
export const PROBLEMS = {
  "invalid-request": {
    status: 400,
    title: "The request is not valid",
    about:
      "A part of the request is missing or malformed. `errors` names each place and what is wrong there.",
  },
  unauthorized: {
    status: 401,
    title: "No valid API key",
    about: "Send `Authorization: Bearer KEY`. The key may have been revoked, or may have expired.",
  },
  "missing-scope": {
    status: 403,
    title: "The key lacks a scope",
    about: "The key is valid, but was not made for this. An administrator can make one that is.",
  },
  "unknown-business": {
    status: 403,
    title: "No such business for this key",
    about: "The business does not exist, or the key may not see it.",
  },
  "not-found": {
    status: 404,
    title: "There is nothing here",
    about: "No such path; or what it names does not exist, or is another business's.",
  },
  "method-not-allowed": {
    status: 405,
    title: "Not a method of this path",
    about: "The `Allow` header lists the methods that the path has.",
  },
  "request-in-progress": {
    status: 409,
    title: "The first request is still under way",
    about: "A request with the same Idempotency-Key has not been answered yet. Wait a second and repeat it.",
  },
  "body-too-large": {
    status: 413,
    title: "The body is too large",
    about: "A body holds 64 kB at most.",
  },
  "unsupported-media-type": {
    status: 415,
    title: "The body is not JSON",
    about: "Send the body as `Content-Type: application/json`.",
  },
  "idempotency-key-reused": {
    status: 422,
    title: "The Idempotency-Key was used for another request",
    about: "One key names one request. Nothing was done. Choose a new key for a new request.",
  },
  "call-refused": {
    status: 422,
    title: "The call is refused",
    about: "A rule that protects whoever would be called forbids it. `reason` names the rule.",
  },
  "too-many-requests": {
    status: 429,
    title: "Too many requests",
    about: "Wait as many seconds as `Retry-After` says.",
  },
  "internal-error": {
    status: 500,
    title: "Something failed on our side",
    about: "Nothing is known to have been done. A POST with an Idempotency-Key may be repeated without harm.",
  },
  unavailable: {
    status: 503,
    title: "The line cannot record at the moment",
    about: "Nothing was done. Repeat the request after as many seconds as `Retry-After` says.",
  },
} as const;
export type ProblemKind = keyof typeof PROBLEMS;

/** Where in a request something is wrong: a JSON pointer into its body, or the name of a parameter or header. */
export type FieldError = {
  readonly detail: string;
  readonly pointer?: string;
  readonly parameter?: string;
  readonly header?: string;
};

export type ProblemBody = {
  type: string;
  title: string;
  status: number;
  detail: string;
  errors?: FieldError[];
  reason?: string;
};

type Refused<K extends ProblemKind> = Response &
  TypedResponse<ProblemBody, (typeof PROBLEMS)[K]["status"], "json">;

/** Where a problem's type is explained. */
export const PROBLEMS_PATH = "/api/docs/problems";

/** An answer in problem details. `detail` never quotes a value that came in. */
export function refuse<K extends ProblemKind>(
  c: ApiContext,
  kind: K,
  detail: string,
  more: Pick<ProblemBody, "errors" | "reason"> = {},
): Refused<K> {
  const { status, title } = PROBLEMS[kind];
  const type = `${c.get("publicUrl")}${PROBLEMS_PATH}#${kind}`;
  return c.body(JSON.stringify({ type, title, status, detail, ...more }), status, {
    "Content-Type": "application/problem+json",
  }) as unknown as Refused<K>;
}

/** One place in the body, where more than its schema has to be right. */
export function refuseField(c: ApiContext, pointer: string, detail: string): Refused<"invalid-request"> {
  return refuse(c, "invalid-request", "One part of the request is not valid.", {
    errors: [{ detail, pointer }],
  });
}

/** What a schema found; at most so many are told. */
const MAX_ERRORS = 20;

/** @param target which part of the request the schema looked at */
export function refuseInvalid(c: ApiContext, target: string, error: z.ZodError): Refused<"invalid-request"> {
  const errors = error.issues.slice(0, MAX_ERRORS).map((issue): FieldError => {
    const detail =
      issue.code === "unrecognized_keys" ? "Has a member that is not known here." : issue.message;
    if (target === "json")
      return { detail, pointer: `#${issue.path.map((part) => `/${escaped(part)}`).join("")}` };
    return { detail, parameter: String(issue.path[0] ?? "") };
  });
  const count = errors.length === 1 ? "One part" : `${errors.length} parts`;
  return refuse(
    c,
    "invalid-request",
    `${count} of the request ${errors.length === 1 ? "is" : "are"} not valid.`,
    {
      errors,
    },
  );
}

/** RFC 6901, as a fragment. */
function escaped(part: PropertyKey): string {
  return encodeURIComponent(String(part).replaceAll("~", "~0").replaceAll("/", "~1"));
}
