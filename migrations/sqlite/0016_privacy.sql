CREATE TABLE `erasure` (
	`business_id` text NOT NULL,
	`id` text NOT NULL,
	`subscriber_id` text,
	`cause` text NOT NULL,
	`by` text NOT NULL,
	`by_name` text NOT NULL,
	`suppressed` integer NOT NULL,
	`report` text NOT NULL,
	`at` integer NOT NULL,
	`traces_gone_at` integer,
	PRIMARY KEY(`business_id`, `id`),
	CONSTRAINT "erasure_cause" CHECK("erasure"."cause" in ('request', 'retention'))
);
--> statement-breakpoint
CREATE INDEX `erasure_of_subscriber` ON `erasure` (`business_id`,`subscriber_id`);--> statement-breakpoint
CREATE INDEX `erasure_unfinished` ON `erasure` (`at`) WHERE "erasure"."traces_gone_at" is null;--> statement-breakpoint
CREATE TABLE `sealed_key` (
	`name` text PRIMARY KEY NOT NULL,
	`sealed` blob NOT NULL
);
--> statement-breakpoint
CREATE TABLE `suppression` (
	`business_id` text NOT NULL,
	`hash` text NOT NULL,
	`reason` text NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`business_id`, `hash`),
	CONSTRAINT "suppression_reason" CHECK("suppression"."reason" in ('withdrawn', 'erased'))
);
