/** Decisions about conversions: which status may follow which, and how decisions are written. */
import { type SQL, sql } from "drizzle-orm";
import type { Status } from "./month.ts";

export const ACTIONS = ["approve", "reject", "refund", "charge-back"] as const;
export type Action = (typeof ACTIONS)[number];

/** The status that an action leads to, and the statuses that it may follow. */
export const DECISIONS = {
  approve: { status: "approved", from: ["pending", "rejected"] },
  reject: { status: "rejected", from: ["pending", "approved"] },
  refund: { status: "refunded", from: ["approved"] },
  "charge-back": { status: "charged_back", from: ["approved", "refunded"] },
} as const satisfies Record<Action, { status: Status; from: readonly Status[] }>;

export type Change = {
  seq: number;
  status: Status | null;
  /** In 1/10,000 units; both or neither. */
  amount: number | null;
  currency: string | null;
  /**
   * The number of changes at the time of the decision: it fails if there was another change since. Where absent, it is added
   * after any other changes.
   */
  after?: number;
};

/** The next changes of these events. */
export const noteChanges = (
  project_id: string,
  changes: readonly Change[],
  { at, actor, reason }: { at: number; actor: string; reason: string },
): SQL => sql`INSERT INTO conversion_changes (seq, n, project_id, at, actor, status, amount, currency, reason)
  SELECT v.value ->> 'seq', 1 + coalesce(v.value ->> 'after', (SELECT max(h.n) FROM conversion_changes h WHERE h.seq = v.value ->> 'seq'), 0),
    ${project_id}, ${at}, ${actor}, v.value ->> 'status', v.value ->> 'amount', v.value ->> 'currency', ${reason}
  FROM json_each(${JSON.stringify(changes)}) v`;
