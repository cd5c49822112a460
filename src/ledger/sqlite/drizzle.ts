import { createRequire } from "node:module";
import type * as Orm from "drizzle-orm";
import type * as BetterSqlite3 from "drizzle-orm/better-sqlite3";
import type * as Migrator from "drizzle-orm/better-sqlite3/migrator";
import type * as Core from "drizzle-orm/sqlite-core";

/**
 * What we use of Drizzle, loaded as CommonJS. For each ES module Node parses the whole package.json of its package
 * anew, and Drizzle has over a hundred modules and 180 kB of that: a third of a second, and 200 MB.
 */
const require = createRequire(import.meta.url);

const orm = require("drizzle-orm") as typeof Orm;
export const { and, asc, count, desc, eq, getTableColumns, getTableName, gt, gte } = orm;
export const { inArray, isNotNull, isNull, lt, lte, min, or, sql } = orm;
export type { SQL } from "drizzle-orm";

const core = require("drizzle-orm/sqlite-core") as typeof Core;
export const { alias, blob, integer, real, sqliteTable, text } = core;
export const { check, foreignKey, index, primaryKey, unique, uniqueIndex } = core;
export type { SQLiteTable } from "drizzle-orm/sqlite-core";

export const { drizzle } = require("drizzle-orm/better-sqlite3") as typeof BetterSqlite3;
export const { migrate } = require("drizzle-orm/better-sqlite3/migrator") as typeof Migrator;
