CREATE TABLE `checkpoint` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`size` integer NOT NULL,
	`root` blob NOT NULL,
	`note` text NOT NULL,
	`at` integer NOT NULL,
	CONSTRAINT "checkpoint_root" CHECK(length("checkpoint"."root") = 32)
);
--> statement-breakpoint
CREATE INDEX `checkpoint_by_size` ON `checkpoint` (`size`);--> statement-breakpoint
CREATE TABLE `log_leaf` (
	`leaf_index` integer PRIMARY KEY NOT NULL,
	`business_id` text NOT NULL,
	`entry_id` text NOT NULL,
	`hash` blob NOT NULL,
	FOREIGN KEY (`business_id`,`entry_id`) REFERENCES `entry`(`business_id`,`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "leaf_hash" CHECK(length("log_leaf"."hash") = 32)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `log_leaf_once` ON `log_leaf` (`entry_id`,`business_id`);--> statement-breakpoint
CREATE TABLE `log_tile` (
	`level` integer NOT NULL,
	`idx` integer NOT NULL,
	`hash` blob NOT NULL,
	PRIMARY KEY(`level`, `idx`),
	CONSTRAINT "tile_hash" CHECK(length("log_tile"."hash") = 32)
);
