/** Whether a restore of the log from its archive is under way: until it is whole, nothing can be derived from it. */
import { sql } from "drizzle-orm";

export const RESTORING = sql`EXISTS (SELECT 1 FROM restores WHERE finished_at IS NULL)`;
