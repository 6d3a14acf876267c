/** Puts the ids of the log in segments into pages. */
import { elementsOf, idOf, MOST_WAITING, placeOf, type Waiting, writeIds } from "./id-pages.ts";

type Segment = { version: number; ids_cursor: number; seq: number; events: number; ids: string };

/** Three calls; one where few are waiting. @throws where someone else does it at this moment: see `lostIdPages`. */
export async function writeSegmentIds(db: D1Database, least = MOST_WAITING): Promise<void> {
  const { results: waiting } = await db
    .prepare(
      `SELECT l.version, l.ids_cursor, s.seq, s.events, s.ids FROM log_state l
       CROSS JOIN log_segments s ON s.seq > l.ids_cursor ORDER BY s.seq`,
    )
    .all<Segment>();
  const [first, last] = [waiting[0], waiting.at(-1)];
  if (!first || !last || last.seq + last.events - first.seq < least) return;
  const ids = waiting.flatMap((segment) =>
    elementsOf(segment.ids).map((element): Waiting => {
      const [project_id = "", event_id = ""] = idOf(element).split(" ");
      return { project_id, event_id, place: segment.seq * 4 + placeOf(element) };
    }),
  );
  await writeIds(db, { version: first.version, ids, to: last.seq + last.events - 1 });
}
