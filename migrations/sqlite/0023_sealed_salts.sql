CREATE INDEX `subscriber_clear_salt` ON `subscriber` (`business_id`) WHERE length("subscriber"."salt") = 32;
--> statement-breakpoint
-- A salt in clear, beside its commitment, would let anybody try all numbers without the secret: what was kept so is
-- sealed by the line, and nothing is kept so again. A sealed one is longer than the 32 bytes that it hides.

CREATE TRIGGER salt_is_sealed BEFORE INSERT ON subscriber
WHEN length(NEW.salt) <= 32
BEGIN SELECT RAISE(ABORT, 'salts are sealed'); END;
--> statement-breakpoint
CREATE TRIGGER salt_stays_sealed BEFORE UPDATE OF salt ON subscriber
WHEN length(NEW.salt) <= 32
BEGIN SELECT RAISE(ABORT, 'salts are sealed'); END;
