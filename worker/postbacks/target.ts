/** The targets that a project sends events to. */
import { sql } from "drizzle-orm";
import type { Database } from "../store/database.ts";

export const METHODS = ["GET", "POST"] as const;
export const BODY_TYPES = ["form", "json"] as const;

/** The statuses of conversions that a target can be sent. */
export const TOLD_STATUSES = ["approved", "rejected", "refunded", "charged_back"] as const;

/** The settings that an administrator chooses. */
export type TargetSettings = {
  name: string;
  event_types: string[];
  /** Null: events with any tag, and without one. */
  banner_tags: string[] | null;
  /** Only a person's first deposit. */
  first_deposit: boolean;
  /** In 1/10,000 units of `currency`: only events with at least this amount in that currency. */
  min_amount: number | null;
  currency: string | null;
  test: boolean;
  /** The target gets a conversion when this gets the status; null: it gets events when they arrive. */
  conversion_status: (typeof TOLD_STATUSES)[number] | null;
  method: (typeof METHODS)[number];
  url: string;
  body_type: (typeof BODY_TYPES)[number] | null;
  body: string | null;
};

export type Target = TargetSettings & {
  id: string;
  project_id: string;
  secret: string;
  created_at: number;
  failures: number;
  paused_at: number | null;
  paused_by: "failures" | "admin" | null;
};

export type TargetRow = Omit<Target, "event_types" | "banner_tags" | "first_deposit" | "test"> & {
  event_types: string;
  banner_tags: string | null;
  first_deposit: 0 | 1;
  test: 0 | 1;
};

export const targetOf = ({ removed_at: _, ...row }: TargetRow & { removed_at?: number | null }): Target => ({
  ...row,
  event_types: JSON.parse(row.event_types),
  banner_tags: row.banner_tags === null ? null : JSON.parse(row.banner_tags),
  first_deposit: row.first_deposit === 1,
  test: row.test === 1,
});

/** The targets of one project, or of all where `project_id` is null. */
export async function targetsOf(db: Database, project_id: string | null = null): Promise<Target[]> {
  const rows = await db.all<TargetRow>(sql`SELECT * FROM postback_targets
    WHERE removed_at IS NULL ${project_id === null ? sql`` : sql`AND project_id = ${project_id}`} ORDER BY created_at, id`);
  return rows.map(targetOf);
}

export async function findTarget(db: Database, id: string): Promise<Target | null> {
  const row = await db.get<TargetRow | undefined>(
    sql`SELECT * FROM postback_targets WHERE id = ${id} AND removed_at IS NULL`,
  );
  return row ? targetOf(row) : null;
}

/** Whether any project has a target: read with the log's end, see `append`. */
export const ANY_TARGET = sql`EXISTS (SELECT 1 FROM postback_targets WHERE removed_at IS NULL)`;

/** An event of the log as targets judge it; `banner_tag` is the tag that it counts for. */
export type Candidate = {
  project_id: string;
  event_type: string;
  banner_tag: string;
  amount: number | null;
  currency: string | null;
  /** When it happened, by a sender's clock, or was received if that was earlier. */
  at: number;
  test: 0 | 1;
  /** Whether it is the person's first deposit. */
  first: 0 | 1;
};

export function tells(target: Target, event: Candidate): boolean {
  const { banner_tags, min_amount, currency, first_deposit } = target;
  return (
    event.project_id === target.project_id &&
    target.event_types.includes(event.event_type) &&
    (event.test === 1) === target.test &&
    // Events from before the target was made are not sent: an import may bring years of them.
    event.at >= target.created_at &&
    (banner_tags === null || banner_tags.includes(event.banner_tag)) &&
    (!first_deposit || event.first === 1) &&
    (min_amount === null || (event.currency === currency && event.amount !== null && event.amount >= min_amount))
  );
}
