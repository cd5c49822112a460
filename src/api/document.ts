import type { ApiRoutes } from "./parts.ts";
import { PROBLEMS_PATH } from "./problem.ts";

const TAGS = [
  { name: "Permissions", description: "Asked before each message." },
  { name: "Consents", description: "Where a number stands, and its ways out." },
  { name: "Entries", description: "The log: every yes, no and withdrawal, and what it stands on." },
  { name: "Calls", description: "Outgoing opt-in calls, and live calls that are brought into the flow." },
];

/** OpenAPI 3.1, from the schemas that check each request. */
export function document(routes: ApiRoutes, publicUrl: string) {
  routes.openAPIRegistry.registerComponent("securitySchemes", "apiKey", {
    type: "http",
    scheme: "bearer",
    description: "A key that an administrator made with `yesline key add`, or in the console.",
  });
  const described = routes.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Yesline",
      version: "1.0.0",
      description: ABOUT(`${publicUrl}${PROBLEMS_PATH}`),
    },
    servers: [{ url: publicUrl, description: "This line." }],
    tags: TAGS,
  });
  const used = new Set(
    Object.values(described.paths ?? {}).flatMap((item) =>
      Object.values(item as Record<string, { readonly tags?: readonly string[] }>).flatMap(
        ({ tags }) => tags ?? [],
      ),
    ),
  );
  // OpenAPI 3.1's own way to say so, which the generator's types do not have yet.
  const info = { ...described.info, license: { name: "Proprietary", identifier: "LicenseRef-Proprietary" } };
  return { ...described, info, tags: TAGS.filter(({ name }) => used.has(name)) };
}

const ABOUT = (problems: string) => `May this be sent to this number, and where is the proof?

**Keys.** Send \`Authorization: Bearer KEY\`. A key has scopes, may be bound to some businesses, and may expire.

**Problems** are answered as RFC 9457 problem details; every type is explained at ${problems}.

**Repeating a POST.** Send an \`Idempotency-Key\` with it. Sent again within a day, it is done once and answered the
same, with \`Idempotency-Replayed: true\`.

**Limits.** \`RateLimit\` and \`RateLimit-Policy\` tell what is left of the key's allowance; 429 comes with \`Retry-After\`.

**Simulated.** What the simulator made is never consent, and is answered only where \`simulated\` asks for it.`;
