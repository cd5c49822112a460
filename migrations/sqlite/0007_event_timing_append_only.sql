-- How a webhook was answered never changes or vanishes. INSERT OR REPLACE deletes without firing DELETE triggers, so
-- rows that are there already are guarded as well.

CREATE TRIGGER webhook_never_changes BEFORE UPDATE ON webhook
BEGIN SELECT RAISE(ABORT, 'webhooks never change'); END;
--> statement-breakpoint
CREATE TRIGGER webhook_never_vanishes BEFORE DELETE ON webhook
BEGIN SELECT RAISE(ABORT, 'webhooks never vanish'); END;
--> statement-breakpoint
CREATE TRIGGER webhook_never_replaced BEFORE INSERT ON webhook
WHEN EXISTS (SELECT 1 FROM webhook WHERE seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'webhooks never change'); END;
