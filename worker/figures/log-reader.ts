/** Reads what has been appended to the log in segments since the last run. */
import { type ProjectLog, ProjectLogs } from "./counted-event.ts";
import { readBody } from "./segment.ts";
import { rowsOf } from "./statements.ts";

/** The events with `after < seq <= upTo`; `behind` is how many later ones there are. */
type LogRange = { after: number; upTo: number; behind: number; projects: ProjectLog[] };

const STATE =
  "SELECT cursor, (SELECT seq + events - 1 FROM log_segments ORDER BY seq DESC LIMIT 1) AS head FROM log_state";
const BEHIND = "s.seq > (SELECT cursor FROM log_state) AND s.seq <= (SELECT cursor FROM log_state) + ?1";
const SEGMENTS = `SELECT s.seq, s.events, s.superseded, s.body FROM log_segments s WHERE ${BEHIND} ORDER BY s.seq`;
const SUPERSEDED = `SELECT DISTINCT x.value AS seq, o.seq AS first, o.body FROM log_segments s CROSS JOIN json_each(s.superseded) x
  CROSS JOIN log_segments o ON o.seq = (SELECT l.seq FROM log_segments l WHERE l.seq <= x.value ORDER BY l.seq DESC LIMIT 1)
  WHERE ${BEHIND} AND s.superseded IS NOT NULL`;

type Segment = { seq: number; events: number; body: string };
type Superseded = { seq: number; first: number; body: string };

/** At least `limit` events, and less than a segment more; fewer where the log has no more. One call. */
export async function readLog(db: D1Database, limit: number): Promise<LogRange> {
  const [state, segments, earlier] = await db.batch([
    db.prepare(STATE),
    db.prepare(SEGMENTS).bind(limit),
    db.prepare(SUPERSEDED).bind(limit),
  ]);
  const { cursor: after = 0, head = null } = rowsOf<{ cursor: number; head: number | null }>(state)[0] ?? {};
  const read = rowsOf<Segment>(segments);
  const last = read.at(-1);
  const projects = new ProjectLogs();
  for (const { seq, body } of read)
    for (const [offset, event] of readBody(body).entries())
      projects.logOf(event).events.push({ seq: seq + offset, event });
  for (const { seq, first, body } of rowsOf<Superseded>(earlier)) {
    // An event whose segment has left the log stays counted.
    const event = readBody(body)[seq - first];
    if (event) projects.logOf(event).superseded.push({ seq, event });
  }
  const upTo = last ? last.seq + last.events - 1 : after;
  return { after, upTo, behind: Math.max(0, (head ?? 0) - upTo), projects: projects.all() };
}
