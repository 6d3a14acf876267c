/** Saved segments: filters of events with a name, private or shared with everybody who reads the project. */
import { sql } from "drizzle-orm";
import type { Database } from "../store/database.ts";
import type { Principal } from "./principal.ts";
import { Problem } from "./problem.ts";
import type { SegmentFilter, TagFilter } from "./tag-filter.ts";

export type Segment = {
  segment_id: string;
  project_id: string;
  name: string;
  filter: SegmentFilter;
  /** Whether all who read the project may use it. */
  shared: boolean;
  /** The key that made it; null is ADMIN_TOKEN. */
  owner: string | null;
  /** Epoch milliseconds. */
  created_at: number;
  updated_at: number;
};
export type SegmentRow = Omit<Segment, "filter" | "shared"> & { filter: string; shared: number };

const NO_FIELDS = { country: [], device: [], app_id: [], platform: [] };

export const segmentOf = (row: SegmentRow): Segment => ({
  ...row,
  // Segments that were saved before filters had other fields have only tags.
  filter: { ...NO_FIELDS, ...JSON.parse(row.filter) },
  shared: row.shared === 1,
});

export async function findSegment(db: Database, segment_id: string): Promise<Segment | null> {
  const row = await db.get<SegmentRow | undefined>(sql`SELECT * FROM segments WHERE segment_id = ${segment_id}`);
  return row ? segmentOf(row) : null;
}

/** Whether a principal may see every tag that a filter names. */
export function keepsTo({ banner_tags }: Principal, { banner_tag, banner_tag_not }: TagFilter): boolean {
  return banner_tags === null || [...banner_tag, ...banner_tag_not].every((tag) => banner_tags.includes(tag));
}

/** A key's own segments and shared ones, except those with tags that the key may not see. A share link has none. */
export function sees(principal: Principal, { owner, shared, filter }: Segment): boolean {
  if (principal.share_id !== undefined) return false;
  return (owner === principal.key_id || shared) && keepsTo(principal, filter);
}

/** The segment that a query names. */
export async function usableSegment(
  db: Database,
  project_id: string,
  principal: Principal,
  segment_id: string,
): Promise<Segment> {
  const segment = await findSegment(db, segment_id);
  if (segment?.project_id !== project_id || !sees(principal, segment))
    throw Problem.of("segment_id", `there is no segment ${segment_id}`, "unknown_segment");
  return segment;
}
