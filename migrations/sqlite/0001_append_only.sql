-- Law 5: entries never change or vanish; nor do the events they refer to, nor the words that were served.
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

CREATE TRIGGER call_event_never_changes BEFORE UPDATE ON call_event
BEGIN SELECT RAISE(ABORT, 'events never change'); END;
--> statement-breakpoint
CREATE TRIGGER call_event_never_vanishes BEFORE DELETE ON call_event
BEGIN SELECT RAISE(ABORT, 'events never vanish'); END;
--> statement-breakpoint
CREATE TRIGGER call_event_never_replaced BEFORE INSERT ON call_event
WHEN EXISTS (
  SELECT 1 FROM call_event WHERE seq = NEW.seq
  UNION ALL SELECT 1 FROM call_event WHERE business_id = NEW.business_id AND call_sid = NEW.call_sid
    AND step = NEW.step AND attempt = NEW.attempt AND kind = NEW.kind AND locale = NEW.locale
)
BEGIN SELECT RAISE(IGNORE); END;
--> statement-breakpoint

CREATE TRIGGER served_text_never_changes BEFORE UPDATE ON served_text
BEGIN SELECT RAISE(ABORT, 'served words never change'); END;
--> statement-breakpoint
CREATE TRIGGER served_text_never_vanishes BEFORE DELETE ON served_text
BEGIN SELECT RAISE(ABORT, 'served words never vanish'); END;
--> statement-breakpoint
CREATE TRIGGER served_text_never_replaced BEFORE INSERT ON served_text
WHEN EXISTS (SELECT 1 FROM served_text WHERE business_id = NEW.business_id AND digest = NEW.digest)
BEGIN SELECT RAISE(IGNORE); END;
--> statement-breakpoint

CREATE TRIGGER call_never_vanishes BEFORE DELETE ON call
BEGIN SELECT RAISE(ABORT, 'calls never vanish'); END;
--> statement-breakpoint
CREATE TRIGGER call_never_replaced BEFORE INSERT ON call
WHEN EXISTS (SELECT 1 FROM call WHERE business_id = NEW.business_id AND call_sid = NEW.call_sid)
BEGIN SELECT RAISE(IGNORE); END;
--> statement-breakpoint
-- A call that has ended stays ended.
CREATE TRIGGER call_end_is_final BEFORE UPDATE OF status, ended_at ON call
WHEN OLD.ended_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a call that has ended stays ended'); END;
--> statement-breakpoint

-- What a call was at birth it stays: entries cite it, and UPDATE OR REPLACE must not slip another one under them.
CREATE TRIGGER call_birth_stays
BEFORE UPDATE OF business_id, call_sid, account_sid, line, direction, subscriber_id, attestation, begun_at ON call
BEGIN SELECT RAISE(ABORT, 'what a call was at birth cannot be changed'); END;
--> statement-breakpoint
-- Law 6: a simulated call is never consent. The mark is set at birth; an entry bears the mark of its call.
CREATE TRIGGER call_mark_stays BEFORE UPDATE OF simulated ON call
BEGIN SELECT RAISE(ABORT, 'the simulated mark cannot be changed'); END;
--> statement-breakpoint
CREATE TRIGGER entry_bears_mark_of_call BEFORE INSERT ON entry
WHEN NEW.call_sid IS NOT NULL AND NEW.simulated IS NOT (
  SELECT simulated FROM call WHERE business_id = NEW.business_id AND call_sid = NEW.call_sid
)
BEGIN SELECT RAISE(ABORT, 'an entry bears the mark of its call'); END;
