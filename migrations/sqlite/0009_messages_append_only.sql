-- Law 5, once more: the table of entries was made anew, and its triggers went with the old one.
-- INSERT OR REPLACE deletes without firing DELETE triggers, so rows that are there already are guarded as well.

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

-- A message is what it was: who, what, why and when. Only how far it came changes, and what a supervisor did about it;
-- a person's words can be erased, never replaced.
CREATE TRIGGER message_never_changes
BEFORE UPDATE OF seq, business_id, id, direction, purpose, subscriber_id, simulated, locale, jurisdiction, script,
  topics, text_digest, content_sid, commitment, payload, entry_id, replies_to, at ON message
BEGIN SELECT RAISE(ABORT, 'messages never change'); END;
--> statement-breakpoint
CREATE TRIGGER message_sid_is_final BEFORE UPDATE OF sid ON message
WHEN OLD.sid IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a message keeps its name'); END;
--> statement-breakpoint
CREATE TRIGGER message_words_only_vanish BEFORE UPDATE OF sealed_body ON message
WHEN NEW.sealed_body IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'words never change'); END;
--> statement-breakpoint
CREATE TRIGGER message_handled_once BEFORE UPDATE OF handled_at, handled_by ON message
WHEN OLD.handled_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'what was dealt with stays so'); END;
--> statement-breakpoint
CREATE TRIGGER message_never_vanishes BEFORE DELETE ON message
BEGIN SELECT RAISE(ABORT, 'messages never vanish'); END;
--> statement-breakpoint
CREATE TRIGGER message_never_replaced BEFORE INSERT ON message
WHEN EXISTS (
  SELECT 1 FROM message WHERE seq = NEW.seq
  UNION ALL SELECT 1 FROM message WHERE business_id = NEW.business_id AND id = NEW.id
  UNION ALL SELECT 1 FROM message WHERE business_id = NEW.business_id AND sid = NEW.sid
)
BEGIN SELECT RAISE(IGNORE); END;
--> statement-breakpoint

CREATE TRIGGER decision_never_changes BEFORE UPDATE ON decision
BEGIN SELECT RAISE(ABORT, 'decisions never change'); END;
--> statement-breakpoint
CREATE TRIGGER decision_never_vanishes BEFORE DELETE ON decision
BEGIN SELECT RAISE(ABORT, 'decisions never vanish'); END;
--> statement-breakpoint
CREATE TRIGGER decision_never_replaced BEFORE INSERT ON decision
WHEN EXISTS (
  SELECT 1 FROM decision WHERE seq = NEW.seq
  UNION ALL SELECT 1 FROM decision WHERE business_id = NEW.business_id AND id = NEW.id
)
BEGIN SELECT RAISE(ABORT, 'decisions never change'); END;
