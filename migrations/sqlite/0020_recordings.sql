CREATE TABLE `recording` (
	`business_id` text NOT NULL,
	`call_sid` text NOT NULL,
	`simulated` integer NOT NULL,
	`locale` text NOT NULL,
	`jurisdiction` text NOT NULL,
	`script` text NOT NULL,
	`state` text NOT NULL,
	`sid` text,
	`reason` text,
	`entry_id` text,
	`at` integer NOT NULL,
	`changed_at` integer NOT NULL,
	PRIMARY KEY(`business_id`, `call_sid`),
	CONSTRAINT "recording_state" CHECK("recording"."state" in ('wanted', 'started', 'kept', 'missing', 'deleting', 'deleted'))
);
--> statement-breakpoint
CREATE INDEX `recording_unwell` ON `recording` (`state`,`changed_at`) WHERE "recording"."state" in ('missing', 'deleting');--> statement-breakpoint
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
	`recording_sid` text,
	`recording_seconds` integer,
	`recording_bytes` integer,
	`recording_sha256` text,
	`at` integer NOT NULL,
	FOREIGN KEY (`business_id`,`call_sid`,`notice_step`,`notice_attempt`,`notice_kind`,`locale`) REFERENCES `call_event`(`business_id`,`call_sid`,`step`,`attempt`,`kind`,`locale`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`business_id`,`notice_message_id`,`notice_purpose`,`locale`,`subscriber_id`,`simulated`) REFERENCES `message`(`business_id`,`id`,`purpose`,`locale`,`subscriber_id`,`simulated`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`business_id`,`message_id`) REFERENCES `message`(`business_id`,`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`business_id`,`confirms`) REFERENCES `entry`(`business_id`,`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`business_id`,`supersedes`) REFERENCES `entry`(`business_id`,`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "grant_needs_notice" CHECK("__new_entry"."kind" not in ('granted', 'pending') or ("__new_entry"."call_sid" is not null and "__new_entry"."notice_step" is 'notice' and "__new_entry"."notice_attempt" is not null and "__new_entry"."notice_kind" is 'served') or ("__new_entry"."notice_message_id" is not null and "__new_entry"."notice_purpose" is 'notice') or ("__new_entry"."kind" is 'pending' and "__new_entry"."supersedes" is not null)),
	CONSTRAINT "grant_needs_key" CHECK("__new_entry"."kind" not in ('granted', 'pending') or length(coalesce("__new_entry"."key", '')) = 1 or "__new_entry"."message_id" is not null or ("__new_entry"."kind" is 'pending' and "__new_entry"."supersedes" is not null)),
	CONSTRAINT "confirmed_needs_reply" CHECK("__new_entry"."kind" is not 'confirmed' or ("__new_entry"."confirms" is not null and "__new_entry"."message_id" is not null and "__new_entry"."notice_message_id" is not null and "__new_entry"."notice_purpose" is 'verification')),
	CONSTRAINT "recorded_has_recording" CHECK(("__new_entry"."kind" is 'recorded') = ("__new_entry"."recording_sid" is not null and "__new_entry"."recording_seconds" is not null and "__new_entry"."recording_bytes" is not null and length(coalesce("__new_entry"."recording_sha256", '')) = 64) and ("__new_entry"."kind" is 'recorded' or coalesce("__new_entry"."recording_sid", "__new_entry"."recording_seconds", "__new_entry"."recording_bytes", "__new_entry"."recording_sha256") is null)),
	CONSTRAINT "recorded_was_announced" CHECK("__new_entry"."kind" is not 'recorded' or ("__new_entry"."call_sid" is not null and "__new_entry"."notice_step" is 'notice' and "__new_entry"."notice_attempt" is not null and "__new_entry"."notice_kind" is 'served')),
	CONSTRAINT "entry_kind" CHECK("__new_entry"."kind" in ('granted', 'refused', 'pending', 'confirmed', 'revoked', 'recorded'))
);
--> statement-breakpoint
INSERT INTO `__new_entry`("seq", "id", "business_id", "subscriber_id", "kind", "topics", "locale", "jurisdiction", "script", "source", "source_id", "step", "attempt", "key", "call_sid", "notice_step", "notice_attempt", "notice_kind", "notice_message_id", "notice_purpose", "message_id", "confirms", "supersedes", "attestation", "simulated", "commitment", "reason", "at") SELECT "seq", "id", "business_id", "subscriber_id", "kind", "topics", "locale", "jurisdiction", "script", "source", "source_id", "step", "attempt", "key", "call_sid", "notice_step", "notice_attempt", "notice_kind", "notice_message_id", "notice_purpose", "message_id", "confirms", "supersedes", "attestation", "simulated", "commitment", "reason", "at" FROM `entry`;--> statement-breakpoint
DROP TABLE `entry`;--> statement-breakpoint
ALTER TABLE `__new_entry` RENAME TO `entry`;--> statement-breakpoint
CREATE UNIQUE INDEX `entry_id` ON `entry` (`business_id`,`id`);--> statement-breakpoint
CREATE INDEX `entry_of_subscriber` ON `entry` (`business_id`,`subscriber_id`,`seq`);--> statement-breakpoint
CREATE INDEX `entry_tally` ON `entry` (`at`,`business_id`,`simulated`,`kind`,`topics`) WHERE "entry"."kind" in ('granted', 'confirmed', 'revoked');--> statement-breakpoint
CREATE INDEX `entry_elsewhere` ON `entry` (`source`,`at`,`kind`,`business_id`,`simulated`) WHERE "entry"."source" <> 'call';--> statement-breakpoint
CREATE UNIQUE INDEX `entry_once` ON `entry` (`business_id`,`source_id`,`step`,`attempt`,`kind`);--> statement-breakpoint

-- The table of entries was made anew, and its triggers went with the old one: laws 5, 6 and 3, as they were.
CREATE TRIGGER entry_never_changes BEFORE UPDATE ON entry
BEGIN SELECT RAISE(ABORT, 'entries never change'); END;
--> statement-breakpoint
CREATE TRIGGER entry_never_vanishes BEFORE DELETE ON entry
BEGIN SELECT RAISE(ABORT, 'entries never vanish'); END;
--> statement-breakpoint
CREATE TRIGGER entry_never_replaced BEFORE INSERT ON entry
WHEN EXISTS (
  SELECT 1 FROM entry WHERE seq = NEW.seq
  UNION ALL SELECT 1 FROM entry WHERE business_id = NEW.business_id AND id = NEW.id
  UNION ALL SELECT 1 FROM entry WHERE business_id = NEW.business_id AND source_id = NEW.source_id
    AND step = NEW.step AND attempt = NEW.attempt AND kind = NEW.kind
)
BEGIN SELECT RAISE(ABORT, 'entries never change'); END;
--> statement-breakpoint
CREATE TRIGGER entry_bears_mark_of_call BEFORE INSERT ON entry
WHEN NEW.call_sid IS NOT NULL AND NEW.simulated IS NOT (
  SELECT simulated FROM call WHERE business_id = NEW.business_id AND call_sid = NEW.call_sid
)
BEGIN SELECT RAISE(ABORT, 'an entry bears the mark of its call'); END;
--> statement-breakpoint
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
--> statement-breakpoint

-- What was recorded is the audio of a call that was to be recorded, under Twilio's name of it.
CREATE TRIGGER entry_recorded_its_call BEFORE INSERT ON entry
WHEN NEW.kind = 'recorded' AND NOT EXISTS (
  SELECT 1 FROM recording WHERE business_id = NEW.business_id AND call_sid = NEW.call_sid AND sid = NEW.recording_sid
    AND simulated = NEW.simulated AND locale = NEW.locale
)
BEGIN SELECT RAISE(ABORT, 'a recording is of its call'); END;
--> statement-breakpoint
CREATE TRIGGER recording_stays_of_its_call
BEFORE UPDATE OF business_id, call_sid, simulated, locale, jurisdiction, script, at ON recording
BEGIN SELECT RAISE(ABORT, 'a recording is of its call'); END;
--> statement-breakpoint
CREATE TRIGGER recording_sid_is_final BEFORE UPDATE OF sid ON recording
WHEN OLD.sid IS NOT NULL AND NEW.sid IS NOT OLD.sid
BEGIN SELECT RAISE(ABORT, 'a recording keeps its name'); END;
--> statement-breakpoint
-- That there was one stays known when the audio is gone.
CREATE TRIGGER recording_never_vanishes BEFORE DELETE ON recording
BEGIN SELECT RAISE(ABORT, 'recordings stay on record'); END;
--> statement-breakpoint
CREATE TRIGGER recording_deleted_is_final BEFORE UPDATE OF state ON recording
WHEN OLD.state = 'deleted' AND NEW.state <> 'deleted'
BEGIN SELECT RAISE(ABORT, 'what was deleted stays deleted'); END;
