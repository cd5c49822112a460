CREATE TABLE `access_log` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`actor` text,
	`actor_name` text NOT NULL,
	`action` text NOT NULL,
	`business_id` text,
	`subject` text,
	`detail` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `access_by_actor` ON `access_log` (`actor_name`,`seq`);--> statement-breakpoint
CREATE INDEX `access_by_action` ON `access_log` (`action`,`seq`);--> statement-breakpoint
CREATE INDEX `access_by_subject` ON `access_log` (`subject`,`seq`);--> statement-breakpoint
CREATE INDEX `access_by_time` ON `access_log` (`at`);--> statement-breakpoint
CREATE TABLE `call_facet` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`business_id` text NOT NULL,
	`outcome` text NOT NULL,
	`progress` text NOT NULL,
	`topics` text NOT NULL,
	`locale` text NOT NULL,
	`jurisdiction` text NOT NULL,
	`script` text NOT NULL,
	`direction` text NOT NULL,
	`attestation` text NOT NULL,
	`simulated` integer NOT NULL,
	CONSTRAINT "facet_progress" CHECK("call_facet"."progress" in ('none', 'reached', 'heard', 'answered'))
);
--> statement-breakpoint
CREATE UNIQUE INDEX `call_facet_once` ON `call_facet` (`business_id`,`outcome`,`progress`,`topics`,`locale`,`jurisdiction`,`script`,`direction`,`attestation`,`simulated`);--> statement-breakpoint
CREATE TABLE `note` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`business_id` text NOT NULL,
	`subscriber_id` text NOT NULL,
	`author` text NOT NULL,
	`text` blob NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `note_id` ON `note` (`business_id`,`id`);--> statement-breakpoint
CREATE INDEX `note_of_subscriber` ON `note` (`business_id`,`subscriber_id`,`seq`);--> statement-breakpoint
ALTER TABLE `call` ADD `facet_id` integer REFERENCES call_facet(id);--> statement-breakpoint
ALTER TABLE `call` ADD `reference` text;--> statement-breakpoint
CREATE INDEX `call_by_time` ON `call` (`begun_at`);--> statement-breakpoint
CREATE INDEX `call_by_facet` ON `call` (`facet_id`,`begun_at`);--> statement-breakpoint
CREATE INDEX `call_by_length` ON `call` (`facet_id`,`duration_seconds`,`begun_at`) WHERE "call"."duration_seconds" is not null;--> statement-breakpoint
CREATE INDEX `call_of_subscriber` ON `call` (`business_id`,`subscriber_id`,`begun_at`);--> statement-breakpoint
CREATE INDEX `call_reference` ON `call` (`reference`);--> statement-breakpoint
ALTER TABLE `subscriber` ADD `last_four_index` text;--> statement-breakpoint
CREATE INDEX `subscriber_last_four` ON `subscriber` (`business_id`,`last_four_index`);--> statement-breakpoint
CREATE INDEX `subscriber_unfilled` ON `subscriber` (`business_id`) WHERE "subscriber"."last_four_index" is null;--> statement-breakpoint
CREATE INDEX `entry_tally` ON `entry` (`at`,`business_id`,`simulated`,`kind`,`topics`) WHERE "entry"."kind" in ('granted', 'confirmed', 'revoked');