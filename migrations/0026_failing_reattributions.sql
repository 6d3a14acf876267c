-- Since when a project's people cannot be attributed again, in epoch milliseconds; NULL where nothing is wrong. Nothing of the
-- error: it may name people.
ALTER TABLE reattributions ADD COLUMN failing_since INTEGER;
