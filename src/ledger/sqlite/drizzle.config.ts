import { defineConfig } from "drizzle-kit";

/** `npm run migrations -- --name WHAT_IT_IS_FOR` writes the next one. */
export default defineConfig({
  dialect: "sqlite",
  schema: [
    "./src/ledger/sqlite/schema.ts",
    "./src/ledger/sqlite/reading-schema.ts",
    "./src/ledger/sqlite/sending-schema.ts",
    "./src/ledger/sqlite/log-schema.ts",
    "./src/ledger/sqlite/privacy-schema.ts",
    "./src/ledger/sqlite/operators.ts",
  ],
  out: "./migrations/sqlite",
  casing: "snake_case",
});
