-- Codes that sign in once, such as by the link that `npm start` prints.
CREATE TABLE sign_in_codes (
  -- Hex SHA-256; the code itself is nowhere.
  hash TEXT PRIMARY KEY,
  -- The key that it was made with; NULL is ADMIN_TOKEN.
  key_id TEXT,
  expires_at INTEGER NOT NULL,
  used_at INTEGER
) STRICT, WITHOUT ROWID;
