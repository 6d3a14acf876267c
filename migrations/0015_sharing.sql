-- Saved segments, and links by which people without a key see a project's figures.

CREATE TABLE segments (
  segment_id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL,
  name TEXT NOT NULL,
  -- JSON: lists banner_tag, banner_tag_not, banner_tag_contains.
  filter TEXT NOT NULL,
  shared INTEGER NOT NULL CHECK (shared IN (0, 1)),
  -- The key that made it; NULL is ADMIN_TOKEN.
  owner TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE shares (
  share_id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL,
  name TEXT NOT NULL,
  -- Hex SHA-256 of the token; the token itself is nowhere.
  hash TEXT NOT NULL,
  -- JSON: salt, iterations, hash (PBKDF2); NULL where none is asked for.
  password TEXT,
  -- What it is fixed to: a segment as it is at any time, a JSON list of tags; NULL is the whole project.
  segment_id TEXT,
  banner_tags TEXT,
  -- Where it begins.
  view TEXT,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT, WITHOUT ROWID;
