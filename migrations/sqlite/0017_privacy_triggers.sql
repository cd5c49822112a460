-- An erasure stays on record; only that its traces are gone is added, once.
-- INSERT OR REPLACE deletes without firing DELETE triggers, so rows that are there already are guarded as well.

CREATE TRIGGER erasure_never_changes
BEFORE UPDATE OF business_id, id, subscriber_id, cause, by, by_name, suppressed, report, at ON erasure
BEGIN SELECT RAISE(ABORT, 'erasures never change'); END;
--> statement-breakpoint
CREATE TRIGGER erasure_ends_once BEFORE UPDATE OF traces_gone_at ON erasure
WHEN OLD.traces_gone_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'erasures never change'); END;
--> statement-breakpoint
CREATE TRIGGER erasure_never_vanishes BEFORE DELETE ON erasure
BEGIN SELECT RAISE(ABORT, 'erasures never vanish'); END;
--> statement-breakpoint
CREATE TRIGGER erasure_never_replaced BEFORE INSERT ON erasure
WHEN EXISTS (SELECT 1 FROM erasure WHERE business_id = NEW.business_id AND id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'erasures never change'); END;
--> statement-breakpoint

-- A note is what it was. Its text vanishes with its person's row, and is sealed anew, as long as it was, while the
-- secret is changed: only then does the check of the secret have more than one row.
DROP TRIGGER note_never_changes;
--> statement-breakpoint
CREATE TRIGGER note_never_changes BEFORE UPDATE OF seq, id, business_id, subscriber_id, author, at ON note
BEGIN SELECT RAISE(ABORT, 'notes never change'); END;
--> statement-breakpoint
CREATE TRIGGER note_text_only_vanishes BEFORE UPDATE OF text ON note
WHEN NOT (
  (NEW.text IS x'' AND NOT EXISTS (
    SELECT 1 FROM subscriber WHERE business_id = OLD.business_id AND id = OLD.subscriber_id))
  OR (typeof(NEW.text) = 'blob' AND length(NEW.text) = length(OLD.text) AND (SELECT count(*) FROM secret_check) > 1)
)
BEGIN SELECT RAISE(ABORT, 'notes never change'); END;
--> statement-breakpoint

-- A person's words can be erased, and sealed anew while the secret is changed; they are never replaced.
DROP TRIGGER message_words_only_vanish;
--> statement-breakpoint
CREATE TRIGGER message_words_only_vanish BEFORE UPDATE OF sealed_body ON message
WHEN NEW.sealed_body IS NOT NULL AND NOT (
  typeof(NEW.sealed_body) = 'blob' AND length(NEW.sealed_body) IS length(OLD.sealed_body)
  AND (SELECT count(*) FROM secret_check) > 1)
BEGIN SELECT RAISE(ABORT, 'words never change'); END;
