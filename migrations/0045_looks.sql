-- Keys and share links that see no amounts of money. What administers sees everything, and what only sends sees nothing.
ALTER TABLE keys ADD COLUMN hide_amounts INTEGER NOT NULL DEFAULT 0
  CHECK (hide_amounts IN (0, 1) AND (hide_amounts = 0 OR role IN ('viewer', 'analyst')));
ALTER TABLE shares ADD COLUMN hide_amounts INTEGER NOT NULL DEFAULT 0 CHECK (hide_amounts IN (0, 1));
