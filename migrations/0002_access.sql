-- Keys, projects' rules, the audit log; the request log and dead letters; schemas.

ALTER TABLE projects ADD COLUMN allowed_origins TEXT NOT NULL DEFAULT '[]';
-- Money pixels without a good signature are refused.
ALTER TABLE projects ADD COLUMN require_signature INTEGER NOT NULL DEFAULT 0;
ALTER TABLE projects ADD COLUMN pixel_secret TEXT NOT NULL DEFAULT '';
ALTER TABLE projects ADD COLUMN bot_rules TEXT NOT NULL DEFAULT '{}';
UPDATE projects SET pixel_secret = lower(hex(randomblob(24)));

CREATE TABLE keys (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  -- NULL: every project.
  project_id TEXT,
  role TEXT NOT NULL CHECK (role IN ('collect', 'viewer', 'analyst', 'admin')),
  -- JSON list; NULL: every tag.
  banner_tags TEXT,
  -- Hex SHA-256 of the key; the key itself is nowhere.
  hash TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  revoked_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  -- The key that did it; 'admin' is ADMIN_TOKEN.
  actor TEXT NOT NULL,
  -- NULL: it concerns no single project.
  project_id TEXT,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  details TEXT NOT NULL
) STRICT;

-- Large batches that were sent to the queue in parts, until all parts are sent: a retry of a half-sent one
-- gives its events the same ids again.
CREATE TABLE unfinished_batches (
  hash TEXT PRIMARY KEY,
  seed TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
