CREATE TABLE `message` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`business_id` text NOT NULL,
	`id` text NOT NULL,
	`direction` text NOT NULL,
	`purpose` text NOT NULL,
	`subscriber_id` text NOT NULL,
	`simulated` integer NOT NULL,
	`locale` text NOT NULL,
	`jurisdiction` text NOT NULL,
	`script` text NOT NULL,
	`topics` text NOT NULL,
	`sid` text,
	`text_digest` text,
	`content_sid` text,
	`sealed_body` blob,
	`commitment` text,
	`payload` text,
	`entry_id` text,
	`replies_to` text,
	`status` text NOT NULL,
	`error_code` integer,
	`handled_at` integer,
	`handled_by` text,
	`at` integer NOT NULL,
	FOREIGN KEY (`business_id`,`text_digest`) REFERENCES `served_text`(`business_id`,`digest`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `message_id` ON `message` (`business_id`,`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `message_once` ON `message` (`business_id`,`sid`);--> statement-breakpoint
CREATE INDEX `message_of_subscriber` ON `message` (`business_id`,`subscriber_id`,`seq`);--> statement-breakpoint
CREATE INDEX `message_inbox` ON `message` (`seq`) WHERE "message"."purpose" = 'unclear' and "message"."handled_at" is null;--> statement-breakpoint
CREATE INDEX `message_failed` ON `message` (`at`,`business_id`) WHERE "message"."error_code" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX `message_as_notice` ON `message` (`business_id`,`id`,`purpose`,`locale`,`subscriber_id`,`simulated`);--> statement-breakpoint
CREATE TABLE `api_key` (
	`id` text PRIMARY KEY NOT NULL,
	`digest` text NOT NULL,
	`name` text NOT NULL,
	`prefix` text NOT NULL,
	`scopes` text NOT NULL,
	`businesses` text,
	`created_at` integer NOT NULL,
	`created_by` text NOT NULL,
	`expires_at` integer,
	`revoked_at` integer,
	`last_used_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `api_key_digest` ON `api_key` (`digest`);--> statement-breakpoint
CREATE UNIQUE INDEX `api_key_prefix` ON `api_key` (`prefix`);--> statement-breakpoint
CREATE TABLE `decision` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`business_id` text NOT NULL,
	`id` text NOT NULL,
	`subscriber_id` text,
	`topic` text NOT NULL,
	`simulated` integer NOT NULL,
	`send_at` integer NOT NULL,
	`allowed` integer NOT NULL,
	`reason` text NOT NULL,
	`entry_id` text,
	`key_id` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `decision_id` ON `decision` (`business_id`,`id`);--> statement-breakpoint
CREATE INDEX `decision_cap` ON `decision` (`business_id`,`subscriber_id`,`topic`,`simulated`,`send_at`) WHERE "decision"."allowed" = 1;--> statement-breakpoint
CREATE INDEX `decision_tally` ON `decision` (`at`,`business_id`,`simulated`,`topic`,`allowed`);--> statement-breakpoint
CREATE TABLE `endpoint` (
	`business_id` text NOT NULL,
	`id` text NOT NULL,
	`url` text NOT NULL,
	`secret` blob NOT NULL,
	`kinds` text NOT NULL,
	`description` text NOT NULL,
	`created_at` integer NOT NULL,
	`created_by` text NOT NULL,
	`disabled_at` integer,
	PRIMARY KEY(`business_id`, `id`)
);
--> statement-breakpoint
CREATE TABLE `idempotency` (
	`key_id` text NOT NULL,
	`idempotency_key` text NOT NULL,
	`request_digest` text NOT NULL,
	`status` integer,
	`body` text,
	`at` integer NOT NULL,
	PRIMARY KEY(`key_id`, `idempotency_key`)
);
--> statement-breakpoint
CREATE INDEX `idempotency_by_time` ON `idempotency` (`at`);--> statement-breakpoint
CREATE TABLE `live_call` (
	`business_id` text NOT NULL,
	`call_sid` text NOT NULL,
	`return_url` text,
	`requested_by` text NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`business_id`, `call_sid`)
);
--> statement-breakpoint
CREATE TABLE `outbox` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`business_id` text NOT NULL,
	`id` text NOT NULL,
	`kind` text NOT NULL,
	`cause` text NOT NULL,
	`subscriber_id` text,
	`simulated` integer NOT NULL,
	`entry_id` text,
	`payload` text NOT NULL,
	`state` text NOT NULL,
	`attempts` integer NOT NULL,
	`due_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`leased_until` integer,
	`unclear_since` integer,
	`provider_sid` text,
	`error_code` text,
	`error_message` text,
	`requested_by` text,
	`at` integer NOT NULL,
	`finished_at` integer,
	CONSTRAINT "outbox_state" CHECK("outbox"."state" in ('waiting', 'sending', 'sent', 'failed', 'expired', 'cancelled'))
);
--> statement-breakpoint
CREATE UNIQUE INDEX `outbox_id` ON `outbox` (`business_id`,`id`);--> statement-breakpoint
CREATE INDEX `outbox_due` ON `outbox` (`due_at`,`seq`) WHERE "outbox"."state" = 'waiting';--> statement-breakpoint
CREATE INDEX `outbox_leased` ON `outbox` (`leased_until`) WHERE "outbox"."state" = 'sending';--> statement-breakpoint
CREATE INDEX `outbox_by_state` ON `outbox` (`state`,`seq`);--> statement-breakpoint
CREATE INDEX `outbox_of_subscriber` ON `outbox` (`business_id`,`subscriber_id`,`kind`,`at`);--> statement-breakpoint
CREATE INDEX `outbox_calls` ON `outbox` (`business_id`,`at`,`requested_by`) WHERE "outbox"."kind" = 'call';--> statement-breakpoint
CREATE UNIQUE INDEX `outbox_once` ON `outbox` (`business_id`,`kind`,`cause`);--> statement-breakpoint
CREATE TABLE `__new_entry` (
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
	`notice_message_id` text,
	`notice_purpose` text,
	`message_id` text,
	`confirms` text,
	`supersedes` text,
	`attestation` text,
	`simulated` integer NOT NULL,
	`commitment` text NOT NULL,
	`reason` text,
	`at` integer NOT NULL,
	FOREIGN KEY (`business_id`,`call_sid`,`notice_step`,`notice_attempt`,`notice_kind`,`locale`) REFERENCES `call_event`(`business_id`,`call_sid`,`step`,`attempt`,`kind`,`locale`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`business_id`,`notice_message_id`,`notice_purpose`,`locale`,`subscriber_id`,`simulated`) REFERENCES `message`(`business_id`,`id`,`purpose`,`locale`,`subscriber_id`,`simulated`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`business_id`,`message_id`) REFERENCES `message`(`business_id`,`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`business_id`,`confirms`) REFERENCES `entry`(`business_id`,`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`business_id`,`supersedes`) REFERENCES `entry`(`business_id`,`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "grant_needs_notice" CHECK("__new_entry"."kind" not in ('granted', 'pending') or ("__new_entry"."call_sid" is not null and "__new_entry"."notice_step" is 'notice' and "__new_entry"."notice_attempt" is not null and "__new_entry"."notice_kind" is 'served') or ("__new_entry"."notice_message_id" is not null and "__new_entry"."notice_purpose" is 'notice') or ("__new_entry"."kind" is 'pending' and "__new_entry"."supersedes" is not null)),
	CONSTRAINT "grant_needs_key" CHECK("__new_entry"."kind" not in ('granted', 'pending') or length(coalesce("__new_entry"."key", '')) = 1 or "__new_entry"."message_id" is not null or ("__new_entry"."kind" is 'pending' and "__new_entry"."supersedes" is not null)),
	CONSTRAINT "confirmed_needs_reply" CHECK("__new_entry"."kind" is not 'confirmed' or ("__new_entry"."confirms" is not null and "__new_entry"."message_id" is not null and "__new_entry"."notice_message_id" is not null and "__new_entry"."notice_purpose" is 'verification')),
	CONSTRAINT "entry_kind" CHECK("__new_entry"."kind" in ('granted', 'refused', 'pending', 'confirmed', 'revoked'))
);
--> statement-breakpoint
INSERT INTO `__new_entry`("seq", "id", "business_id", "subscriber_id", "kind", "topics", "locale", "jurisdiction", "script", "source", "source_id", "step", "attempt", "key", "call_sid", "notice_step", "notice_attempt", "notice_kind", "attestation", "simulated", "commitment", "reason", "at") SELECT "seq", "id", "business_id", "subscriber_id", "kind", "topics", "locale", "jurisdiction", "script", "source", "source_id", "step", "attempt", "key", "call_sid", "notice_step", "notice_attempt", "notice_kind", "attestation", "simulated", "commitment", "reason", "at" FROM `entry`;--> statement-breakpoint
DROP TABLE `entry`;--> statement-breakpoint
ALTER TABLE `__new_entry` RENAME TO `entry`;--> statement-breakpoint
CREATE UNIQUE INDEX `entry_id` ON `entry` (`business_id`,`id`);--> statement-breakpoint
CREATE INDEX `entry_of_subscriber` ON `entry` (`business_id`,`subscriber_id`,`seq`);--> statement-breakpoint
CREATE INDEX `entry_tally` ON `entry` (`at`,`business_id`,`simulated`,`kind`,`topics`) WHERE "entry"."kind" in ('granted', 'confirmed', 'revoked');--> statement-breakpoint
CREATE UNIQUE INDEX `entry_once` ON `entry` (`business_id`,`source_id`,`step`,`attempt`,`kind`);