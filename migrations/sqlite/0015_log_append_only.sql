-- The log only grows: leaves come one after the other, without gaps; what is sealed or signed stays.
-- INSERT OR REPLACE deletes without firing DELETE triggers, so rows that are there already are guarded as well.

CREATE TRIGGER log_leaf_never_changes BEFORE UPDATE ON log_leaf
BEGIN SELECT RAISE(ABORT, 'leaves never change'); END;
--> statement-breakpoint
CREATE TRIGGER log_leaf_never_vanishes BEFORE DELETE ON log_leaf
BEGIN SELECT RAISE(ABORT, 'leaves never vanish'); END;
--> statement-breakpoint
CREATE TRIGGER log_leaf_comes_next BEFORE INSERT ON log_leaf
WHEN NEW.leaf_index IS NOT (SELECT coalesce(max(leaf_index), -1) + 1 FROM log_leaf)
BEGIN SELECT RAISE(ABORT, 'leaves come one after the other'); END;
--> statement-breakpoint
CREATE TRIGGER log_leaf_never_replaced BEFORE INSERT ON log_leaf
WHEN EXISTS (SELECT 1 FROM log_leaf WHERE entry_id = NEW.entry_id AND business_id = NEW.business_id)
BEGIN SELECT RAISE(ABORT, 'an entry has one leaf'); END;
--> statement-breakpoint

CREATE TRIGGER log_tile_never_changes BEFORE UPDATE ON log_tile
BEGIN SELECT RAISE(ABORT, 'tiles never change'); END;
--> statement-breakpoint
CREATE TRIGGER log_tile_never_vanishes BEFORE DELETE ON log_tile
BEGIN SELECT RAISE(ABORT, 'tiles never vanish'); END;
--> statement-breakpoint
CREATE TRIGGER log_tile_never_replaced BEFORE INSERT ON log_tile
WHEN EXISTS (SELECT 1 FROM log_tile WHERE level = NEW.level AND idx = NEW.idx)
BEGIN SELECT RAISE(ABORT, 'tiles never change'); END;
--> statement-breakpoint

CREATE TRIGGER checkpoint_never_changes BEFORE UPDATE ON checkpoint
BEGIN SELECT RAISE(ABORT, 'checkpoints never change'); END;
--> statement-breakpoint
CREATE TRIGGER checkpoint_never_vanishes BEFORE DELETE ON checkpoint
BEGIN SELECT RAISE(ABORT, 'checkpoints never vanish'); END;
--> statement-breakpoint
CREATE TRIGGER checkpoint_never_replaced BEFORE INSERT ON checkpoint
WHEN EXISTS (SELECT 1 FROM checkpoint WHERE seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'checkpoints never change'); END;
--> statement-breakpoint
-- Nothing is signed twice in two ways, and nothing but the whole log is signed.
CREATE TRIGGER checkpoint_is_of_the_log BEFORE INSERT ON checkpoint
WHEN NEW.size IS NOT (SELECT coalesce(max(leaf_index), -1) + 1 FROM log_leaf)
  OR EXISTS (SELECT 1 FROM checkpoint WHERE size > NEW.size OR (size = NEW.size AND root <> NEW.root))
BEGIN SELECT RAISE(ABORT, 'a checkpoint is of the whole log, and of one log'); END;
