DROP INDEX `message_once`;--> statement-breakpoint
CREATE UNIQUE INDEX `message_once` ON `message` (`sid`,`business_id`);--> statement-breakpoint
DROP INDEX `outbox_id`;--> statement-breakpoint
DROP INDEX `outbox_due`;--> statement-breakpoint
ALTER TABLE `outbox` ADD `claimed_at` integer;--> statement-breakpoint
CREATE UNIQUE INDEX `outbox_id` ON `outbox` (`id`,`business_id`);--> statement-breakpoint
CREATE INDEX `outbox_due` ON `outbox` (`kind`,`due_at`,`seq`) WHERE "outbox"."state" = 'waiting';--> statement-breakpoint
CREATE INDEX `consent_pending` ON `consent` (`business_id`,`at`) WHERE "consent"."state" = 'pending';--> statement-breakpoint

-- Law 6, once more: this trigger, too, went with the old table of entries.
CREATE TRIGGER entry_bears_mark_of_call BEFORE INSERT ON entry
WHEN NEW.call_sid IS NOT NULL AND NEW.simulated IS NOT (
  SELECT simulated FROM call WHERE business_id = NEW.business_id AND call_sid = NEW.call_sid
)
BEGIN SELECT RAISE(ABORT, 'an entry bears the mark of its call'); END;
--> statement-breakpoint

-- Law 3 for messages, for whoever writes without foreign keys as well: the notice had left, to this person, in this
-- language and world; and the person answered it afterwards.
CREATE TRIGGER entry_rests_on_notice BEFORE INSERT ON entry
WHEN NEW.notice_message_id IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM message notice JOIN message answer ON answer.business_id = notice.business_id
  WHERE notice.business_id = NEW.business_id AND notice.id = NEW.notice_message_id
    AND notice.direction = 'out' AND notice.purpose = NEW.notice_purpose AND notice.sid IS NOT NULL
    AND notice.subscriber_id = NEW.subscriber_id AND notice.simulated = NEW.simulated AND notice.locale = NEW.locale
    AND NOT EXISTS (SELECT value FROM json_each(NEW.topics) EXCEPT SELECT value FROM json_each(notice.topics))
    AND answer.id = NEW.message_id AND answer.seq > notice.seq
)
BEGIN SELECT RAISE(ABORT, 'an entry rests on the notice that its person answered'); END;
--> statement-breakpoint
-- Only who moves their own number speaks for another one, and that one's owner is asked.
CREATE TRIGGER entry_bears_mark_of_message BEFORE INSERT ON entry
WHEN NEW.message_id IS NOT NULL AND (NEW.call_sid IS NOT NULL OR NOT EXISTS (
  SELECT 1 FROM message WHERE business_id = NEW.business_id AND id = NEW.message_id AND direction = 'in'
    AND simulated = NEW.simulated AND (subscriber_id = NEW.subscriber_id OR NEW.supersedes IS NOT NULL)
))
BEGIN SELECT RAISE(ABORT, 'an entry bears the mark of its message'); END;
--> statement-breakpoint
CREATE TRIGGER entry_confirms_its_own BEFORE INSERT ON entry
WHEN NEW.confirms IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM entry asked WHERE asked.business_id = NEW.business_id AND asked.id = NEW.confirms
    AND asked.kind = 'pending' AND asked.subscriber_id = NEW.subscriber_id AND asked.simulated = NEW.simulated
    AND NOT EXISTS (SELECT value FROM json_each(NEW.topics) EXCEPT SELECT value FROM json_each(asked.topics))
)
BEGIN SELECT RAISE(ABORT, 'an entry confirms what its person was asked'); END;
--> statement-breakpoint
CREATE TRIGGER entry_supersedes_revoked BEFORE INSERT ON entry
WHEN NEW.supersedes IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM entry ended WHERE ended.business_id = NEW.business_id AND ended.id = NEW.supersedes
    AND ended.kind = 'revoked' AND ended.simulated = NEW.simulated AND ended.subscriber_id <> NEW.subscriber_id
)
BEGIN SELECT RAISE(ABORT, 'an entry supersedes what another number''s owner ended'); END;
