DROP INDEX `outbox_by_state`;--> statement-breakpoint
CREATE INDEX `outbox_of_business` ON `outbox` (`business_id`,`state`,`simulated`,`kind`,`seq`);--> statement-breakpoint
CREATE INDEX `outbox_by_state` ON `outbox` (`state`,`simulated`,`kind`,`seq`);