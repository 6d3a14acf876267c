/** An event as a schema sees it, whichever door it came through. */

import type { WireEvent } from "../event.ts";
import { formatMoney } from "../money.ts";
import { iso } from "../time.ts";
import { EVENT_FIELDS } from "./vocabulary.ts";

/** An event as it was read, or as the log has it: in the log, absent is null. */
export type Seen = { [Field in keyof WireEvent]?: unknown };

/**
 * Absent fields are left out. `amount` is a number, `timestamp` ISO 8601 in UTC, `test` there only where it is true,
 * `data` an object. `project_id` is left out: it says which schema to ask.
 */
export function instanceOf(event: Seen): Record<string, unknown> {
  const instance: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(event)) {
    if (value === undefined || value === null || !EVENT_FIELDS.has(field)) continue;
    switch (field) {
      case "amount":
        instance.amount = Number(formatMoney(value as number));
        break;
      case "timestamp":
        instance.timestamp = iso(value as number);
        break;
      case "test":
        if (value) instance.test = true;
        break;
      case "data":
        instance.data = JSON.parse(value as string);
        break;
      default:
        instance[field] = value;
    }
  }
  return instance;
}

/** `data.boss.name`. Senders choose the names in `data`, and this goes into a header: only what is safe there stays. */
export const fieldOf = (path: readonly string[]): string =>
  path.length === 0
    ? "event"
    : path
        .map((step) => encodeURIComponent(step.toWellFormed()))
        .join(".")
        .slice(0, 200);
