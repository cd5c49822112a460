CREATE TABLE `call` (
	`business_id` text NOT NULL,
	`call_sid` text NOT NULL,
	`account_sid` text NOT NULL,
	`line` text NOT NULL,
	`direction` text NOT NULL,
	`subscriber_id` text,
	`attestation` text NOT NULL,
	`simulated` integer NOT NULL,
	`status` text NOT NULL,
	`ended_at` integer,
	`ended_by` text,
	`duration_seconds` integer,
	`begun_at` integer NOT NULL,
	PRIMARY KEY(`business_id`, `call_sid`)
);
--> statement-breakpoint
CREATE INDEX `call_open` ON `call` (`begun_at`) WHERE "call"."ended_at" is null;--> statement-breakpoint
CREATE TABLE `call_event` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`business_id` text NOT NULL,
	`call_sid` text NOT NULL,
	`step` text NOT NULL,
	`attempt` integer NOT NULL,
	`kind` text NOT NULL,
	`locale` text NOT NULL,
	`key` text,
	`next_step` text,
	`next_attempt` integer,
	`text_digest` text,
	`action` text,
	`subscriber_id` text,
	`at` integer NOT NULL,
	FOREIGN KEY (`business_id`,`call_sid`) REFERENCES `call`(`business_id`,`call_sid`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`business_id`,`text_digest`) REFERENCES `served_text`(`business_id`,`digest`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `call_event_once` ON `call_event` (`business_id`,`call_sid`,`step`,`attempt`,`kind`,`locale`);--> statement-breakpoint
CREATE TABLE `consent` (
	`business_id` text NOT NULL,
	`subscriber_id` text NOT NULL,
	`topic` text NOT NULL,
	`simulated` integer NOT NULL,
	`state` text NOT NULL,
	`entry_id` text NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`business_id`, `subscriber_id`, `topic`, `simulated`)
);
--> statement-breakpoint
CREATE TABLE `entry` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`business_id` text NOT NULL,
	`subscriber_id` text NOT NULL,
	`kind` text NOT NULL,
	`topics` text NOT NULL,
	`locale` text NOT NULL,
	`jurisdiction` text NOT NULL,
	`script` text NOT NULL,
	`source` text NOT NULL,
	`source_id` text NOT NULL,
	`step` text NOT NULL,
	`attempt` integer NOT NULL,
	`key` text,
	`call_sid` text,
	`notice_step` text,
	`notice_attempt` integer,
	`notice_kind` text,
	`attestation` text,
	`simulated` integer NOT NULL,
	`commitment` text NOT NULL,
	`reason` text,
	`at` integer NOT NULL,
	FOREIGN KEY (`business_id`,`call_sid`,`notice_step`,`notice_attempt`,`notice_kind`,`locale`) REFERENCES `call_event`(`business_id`,`call_sid`,`step`,`attempt`,`kind`,`locale`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "grant_needs_notice" CHECK("entry"."kind" not in ('granted', 'pending') or ("entry"."call_sid" is not null and "entry"."notice_step" is 'notice' and "entry"."notice_attempt" is not null and "entry"."notice_kind" is 'served')),
	CONSTRAINT "grant_needs_key" CHECK("entry"."kind" not in ('granted', 'pending') or length(coalesce("entry"."key", '')) = 1),
	CONSTRAINT "entry_kind" CHECK("entry"."kind" in ('granted', 'refused', 'pending', 'confirmed', 'revoked'))
);
--> statement-breakpoint
CREATE UNIQUE INDEX `entry_id` ON `entry` (`business_id`,`id`);--> statement-breakpoint
CREATE INDEX `entry_of_subscriber` ON `entry` (`business_id`,`subscriber_id`,`seq`);--> statement-breakpoint
CREATE UNIQUE INDEX `entry_once` ON `entry` (`business_id`,`source_id`,`step`,`attempt`,`kind`);--> statement-breakpoint
CREATE TABLE `probe` (
	`id` integer PRIMARY KEY NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `served_text` (
	`business_id` text NOT NULL,
	`digest` text NOT NULL,
	`words_digest` text NOT NULL,
	`twiml` text NOT NULL,
	`words` text NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`business_id`, `digest`)
);
--> statement-breakpoint
CREATE TABLE `subscriber` (
	`business_id` text NOT NULL,
	`id` text NOT NULL,
	`blind_index` text NOT NULL,
	`number` blob NOT NULL,
	`salt` blob NOT NULL,
	`commitment` text NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`business_id`, `id`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `subscriber_number` ON `subscriber` (`business_id`,`blind_index`);