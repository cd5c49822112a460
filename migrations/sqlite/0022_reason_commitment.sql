-- What somebody typed may hold a name, and an entry never changes: so it keeps a commitment, and the words are a note on
-- the person, which can vanish. Only what the line itself says of an entry stands in it in clear.

CREATE TRIGGER entry_keeps_no_words BEFORE INSERT ON entry
WHEN NEW.reason IS NOT NULL AND NEW.source <> 'expiry' AND NOT (
  length(NEW.reason) = 76 AND substr(NEW.reason, 1, 12) = 'hmac-sha256:'
  AND substr(NEW.reason, 13) NOT GLOB '*[^0-9a-f]*')
BEGIN SELECT RAISE(ABORT, 'an entry keeps no words of people'); END;
