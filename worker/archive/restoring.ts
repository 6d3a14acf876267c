/** Whether the log is being restored from its archive: until it is complete, nothing can be derived from it. */
import { sql } from "drizzle-orm";

export const RESTORING = sql`EXISTS (SELECT 1 FROM restores WHERE finished_at IS NULL)`;
