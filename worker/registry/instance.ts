/** An event in the form that schemas check: the same for events from every door. */

import type { WireEvent } from "../event.ts";
import { formatMoney } from "../money.ts";
import { iso } from "../time.ts";
import { EVENT_FIELDS } from "./vocabulary.ts";

/** An event from a request, or from the log, where absent fields are null. */
export type Seen = { [Field in keyof WireEvent]?: unknown };

/**
 * Absent fields are left out. `amount` is a number, `timestamp` ISO 8601 in UTC, `test` present only where it is true,
 * `data` an object. `project_id` is left out: it selects the schema.
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

/** Such as `data.boss.name`. It is sent in a header, and senders choose the names in `data`, so they are encoded and cut. */
export const fieldOf = (path: readonly string[]): string =>
  path.length === 0
    ? "event"
    : path
        .map((step) => encodeURIComponent(step.toWellFormed()))
        .join(".")
        .slice(0, 200);
