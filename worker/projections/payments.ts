/**
 * What people paid and were paid: sums by person, day, hour, app, platform, tag and currency. They are in the currency of
 * the event, since a rate may come later, or be corrected. Whole units and ten-thousandths are separate, as in
 * `money_summary`.
 */

import { type SQL, sql } from "drizzle-orm";
import { PAYMENT_TYPES, UNITS } from "../money.ts";
import { words } from "../store/sql.ts";
import { type Attributed, repaired, type Tables } from "./projection.ts";
import { isSettledDay, newEvents, PAID, pastOfPeople, repairedPeople } from "./resolve.ts";

const BY = sql.raw("project_id, event_date, event_type, person, event_hour, app_id, platform, banner_tag, currency");
const TYPES = words(PAYMENT_TYPES);
/** A literal, since D1 binds every number as a REAL, and SQLite does not round down when it divides by a REAL. */
const WHOLE = sql.raw(String(UNITS));

const add = (resolved: SQL): SQL => sql`INSERT INTO payments (${BY}, total, whole, fraction)
  WITH ${resolved}
  SELECT ${BY}, count(*), sum(amount / ${WHOLE}), sum(amount % ${WHOLE}) FROM resolved
  WHERE amount IS NOT NULL AND event_type IN (${TYPES}) GROUP BY ${BY}
  ON CONFLICT DO UPDATE SET total = total + excluded.total, whole = whole + excluded.whole,
    fraction = fraction + excluded.fraction`;

const attributed: Attributed = {
  takeOut: (people) => [
    sql`DELETE FROM payments WHERE (project_id, person) IN (${repairedPeople(people)}) AND NOT ${isSettledDay(sql`payments`)}`,
  ],
  putIn: (people, asOf) => [add(pastOfPeople(people, asOf))],
};

export const payments: Tables = {
  name: "payments",
  after: ["identities"],
  aboutPeople: true,
  attributed,
  apply: (step) => [...repaired(attributed, step), add(newEvents(step, PAID))],
  clear: () => [sql`DELETE FROM payments`],
};
