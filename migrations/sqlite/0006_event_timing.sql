CREATE TABLE `webhook` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`business_id` text NOT NULL,
	`call_sid` text NOT NULL,
	`route` text NOT NULL,
	`step` text,
	`attempt` integer,
	`at` integer NOT NULL,
	`milliseconds` real NOT NULL,
	`http_status` integer NOT NULL,
	`repeated` integer NOT NULL,
	`outcome` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `webhook_of_call` ON `webhook` (`business_id`,`call_sid`);--> statement-breakpoint
ALTER TABLE `call_event` ADD `keypress` text;