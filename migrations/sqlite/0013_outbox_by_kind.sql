DROP INDEX `outbox_by_state`;--> statement-breakpoint
CREATE INDEX `outbox_by_state` ON `outbox` (`state`,`kind`,`seq`);