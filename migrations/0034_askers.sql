-- The key that asked for a filter first; NULL where that was an administrator, or nobody knows. A key that reads has few filters of its
-- own, so that it cannot push out those that others ask for: docs/sharing.md.
ALTER TABLE scopes ADD COLUMN asked_by TEXT;
