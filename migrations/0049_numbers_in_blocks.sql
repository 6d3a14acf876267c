-- An append numbers its events by itself. SQLite writes its row of `sqlite_sequence` only if a number is above the one in it, so the
-- consumer keeps that one ahead of the log, and not each append costs a row for it.
--
-- Numbers up to this one are taken, also where the log has no event any more. Numbers that SQLite has given before this migration are taken.
ALTER TABLE log_state ADD COLUMN taken_to INTEGER NOT NULL DEFAULT 0;
UPDATE log_state SET taken_to = ifnull((SELECT max(seq) FROM sqlite_sequence WHERE name = 'events'), 0);

-- A number is not used again after its event was removed. Only an event that was the last one must be remembered for that.
CREATE TRIGGER events_keep_numbers AFTER DELETE ON events
WHEN OLD.seq > (SELECT ifnull(max(seq), 0) FROM events)
BEGIN
  UPDATE log_state SET taken_to = OLD.seq WHERE taken_to < OLD.seq;
END;
