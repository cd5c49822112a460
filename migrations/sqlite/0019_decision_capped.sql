DROP INDEX `decision_cap`;--> statement-breakpoint
ALTER TABLE `decision` ADD `capped` integer DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX `decision_cap` ON `decision` (`business_id`,`subscriber_id`,`topic`,`simulated`,`send_at`) WHERE "decision"."capped" = 1;