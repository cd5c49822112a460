DROP INDEX `webhook_of_call`;--> statement-breakpoint
CREATE INDEX `webhook_by_time` ON `webhook` (`at`,`call_sid`);