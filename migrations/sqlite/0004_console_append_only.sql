-- What was looked at and what was noted never changes or vanishes; nor does what calls have in common.
-- INSERT OR REPLACE deletes without firing DELETE triggers, so rows that are there already are guarded as well.

CREATE TRIGGER access_log_never_changes BEFORE UPDATE ON access_log
BEGIN SELECT RAISE(ABORT, 'the access log never changes'); END;
--> statement-breakpoint
CREATE TRIGGER access_log_never_vanishes BEFORE DELETE ON access_log
BEGIN SELECT RAISE(ABORT, 'the access log never vanishes'); END;
--> statement-breakpoint
CREATE TRIGGER access_log_never_replaced BEFORE INSERT ON access_log
WHEN EXISTS (SELECT 1 FROM access_log WHERE seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'the access log never changes'); END;
--> statement-breakpoint

CREATE TRIGGER note_never_changes BEFORE UPDATE ON note
BEGIN SELECT RAISE(ABORT, 'notes never change'); END;
--> statement-breakpoint
CREATE TRIGGER note_never_vanishes BEFORE DELETE ON note
BEGIN SELECT RAISE(ABORT, 'notes never vanish'); END;
--> statement-breakpoint
CREATE TRIGGER note_never_replaced BEFORE INSERT ON note
WHEN EXISTS (
  SELECT 1 FROM note WHERE seq = NEW.seq
  UNION ALL SELECT 1 FROM note WHERE business_id = NEW.business_id AND id = NEW.id
)
BEGIN SELECT RAISE(ABORT, 'notes never change'); END;
--> statement-breakpoint

CREATE TRIGGER call_facet_never_changes BEFORE UPDATE ON call_facet
BEGIN SELECT RAISE(ABORT, 'facets never change'); END;
--> statement-breakpoint
CREATE TRIGGER call_facet_never_vanishes BEFORE DELETE ON call_facet
BEGIN SELECT RAISE(ABORT, 'facets never vanish'); END;
--> statement-breakpoint
CREATE TRIGGER call_facet_never_replaced BEFORE INSERT ON call_facet
WHEN EXISTS (
  SELECT 1 FROM call_facet WHERE id = NEW.id
  UNION ALL SELECT 1 FROM call_facet WHERE business_id = NEW.business_id AND outcome = NEW.outcome
    AND progress = NEW.progress AND topics = NEW.topics AND locale = NEW.locale
    AND jurisdiction = NEW.jurisdiction AND script = NEW.script AND direction = NEW.direction
    AND attestation = NEW.attestation AND simulated = NEW.simulated
)
BEGIN SELECT RAISE(ABORT, 'facets never change'); END;
