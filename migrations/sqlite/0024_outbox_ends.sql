DROP INDEX `message_once`;--> statement-breakpoint
CREATE UNIQUE INDEX `message_once` ON `message` (`sid`,`business_id`) WHERE "message"."sid" is not null;--> statement-breakpoint
DROP INDEX `outbox_by_state`;--> statement-breakpoint
DROP INDEX `outbox_of_business`;--> statement-breakpoint
CREATE INDEX `outbox_open` ON `outbox` (`simulated`,`kind`,`seq`,`business_id`) WHERE "outbox"."finished_at" is null;--> statement-breakpoint
CREATE INDEX `outbox_by_state` ON `outbox` (`state`,`simulated`,`kind`,`seq`) WHERE "outbox"."finished_at" is not null;--> statement-breakpoint
CREATE INDEX `outbox_of_business` ON `outbox` (`business_id`,`state`,`simulated`,`kind`,`seq`) WHERE "outbox"."finished_at" is not null;