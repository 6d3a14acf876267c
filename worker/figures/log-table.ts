/** Reads events from the log in the table `events`. */
import { COUNTED_COLUMNS, type CountedEvent, type ProjectLog, ProjectLogs } from "./counted-event.ts";
import { rowsOf } from "./statements.ts";

/**
 * An event that a trusted one replaced later had counted on arrival. It still counts while the trusted one has not been read;
 * then it is in `superseded`.
 */
const COLUMNS = `seq, ${COUNTED_COLUMNS.join(", ")},
  CASE WHEN superseded_at IS NULL THEN duplicate_of END AS duplicate_of`;
const EVENTS = `SELECT ${COLUMNS} FROM events WHERE seq > ?1 AND seq <= ?2 ORDER BY seq`;
const SUPERSEDED = `SELECT ${COLUMNS} FROM events WHERE superseded_at > ?1 AND superseded_at <= ?2 ORDER BY seq`;

type Row = CountedEvent & { seq: number };

/** The events with `after < seq <= upTo`, and the earlier ones that they superseded. One call. */
export async function readEventLog(db: D1Database, after: number, upTo: number): Promise<ProjectLog[]> {
  const [events, superseded] = await db.batch([
    db.prepare(EVENTS).bind(after, upTo),
    db.prepare(SUPERSEDED).bind(after, upTo),
  ]);
  const projects = new ProjectLogs();
  for (const { seq, ...event } of rowsOf<Row>(events)) projects.logOf(event).events.push({ seq, event });
  for (const { seq, ...event } of rowsOf<Row>(superseded)) projects.logOf(event).superseded.push({ seq, event });
  return projects.all();
}
