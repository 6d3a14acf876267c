/** What looks wrong about an accepted event, in words for the person who sets up a postback or an integration. */

import { fields } from "../event.ts";
import { typeByOtherName } from "../lookalike.ts";
import { PAYMENT_TYPES } from "../money.ts";
import { isMacro, namesNothing } from "../placeholder.ts";
import { fill } from "./hint-text.ts";
import { type Sent, sentAs } from "./sent-names.ts";

/** The fields of accepted events that are checked for a placeholder in place of a value. */
const SUSPECT = [
  "player_id",
  "visitor_id",
  "event_id",
  "banner_tag",
  "app_id",
  "session_id",
  "click_id",
  "platform",
  "app_version",
  "transaction_id",
] as const;
/** How many further keys a pixel keeps. */
const KEYS_OF_A_PIXEL = 40;
const TAKEN = {
  test: "A test event: stored, and in no figure.",
  bot: "Taken for a bot ($value): stored, and in no figure. Where that is wrong, allow its user agent in the project's bot rules.",
  duplicate_of:
    "The transaction counts as event $value: this one is stored, and in no figure. If it was another payment, it needs a `transaction_id` of its own.",
  namesake:
    "An event with the same `event_id` came with a key or a signature, and counts: this one is stored, and in no figure. If something else happened, it needs an `event_id` of its own.",
  unfilled:
    "`$field` holds `$value`: a template that nobody filled in, or a variable without a value. All such events look like one and the same $field.",
  left_out:
    "`$field` came as `$value`: a template that nobody filled in, or a variable without a value. It was kept as further data, and the event is taken without it.",
  broken:
    "`$field` came as `$value`: it is too long, or has characters that cannot be read. It was kept as further data, and the event is taken without it.",
  keys: "It has 40 further parameters: a pixel keeps no more of them, and leaves out the rest.",
  type: "`$value` is taken as a type of your own. Reports know what it means as `$sent`: send that, if it is the same.",
  lookalike: "`$sent` was kept as further data. If it is the $field, rename the parameter to `$field`.",
} as const;

const isUnfilled = (value: string) => isMacro(value) || namesNothing(value);
/** The value was kept in `data` because the field refused it. Bytes that could not be read are written as those of U+FFFD. */
const isBroken = (field: (typeof SUSPECT)[number], value: string) =>
  value.includes("%EF%BF%BD") || !fields[field].safeParse(value).success;

/** What looks wrong about an accepted event; null where nothing does. `data` has the fields other than the known ones. */
export function hintForTaken(
  event: Sent & { bot: string | null; duplicate_of: string | null; test: number },
  data: Sent,
): string | null {
  const hints: string[] = [];
  for (const field of SUSPECT) {
    const [value, kept] = [event[field], data[field]];
    if (typeof value === "string" && field !== "event_id" && isUnfilled(value))
      hints.push(fill(TAKEN.unfilled, field, value));
    else if (typeof kept === "string" && isUnfilled(kept)) hints.push(fill(TAKEN.left_out, field, kept));
    else if (typeof kept === "string" && isBroken(field, kept)) hints.push(fill(TAKEN.broken, field, kept));
  }
  const type = typeof event.event_type === "string" ? typeByOtherName(event.event_type) : undefined;
  const paid = PAYMENT_TYPES.some((one) => one === (type ?? event.event_type));
  for (const field of ["click_id", "transaction_id", ...(paid ? (["amount"] as const) : [])] as const) {
    const absent = event[field] === null && data[field] === undefined;
    const other = absent ? sentAs(data, field) : undefined;
    if (other !== undefined) hints.push(fill(TAKEN.lookalike, field, undefined, other));
  }
  if (type !== undefined) hints.push(fill(TAKEN.type, "event_type", event.event_type, type));
  if (Object.keys(data).length === KEYS_OF_A_PIXEL) hints.push(TAKEN.keys);
  if (event.test === 1) hints.push(TAKEN.test);
  else if (event.bot !== null) hints.push(fill(TAKEN.bot, "bot", event.bot));
  else if (event.duplicate_of !== null && event.duplicate_of === event.event_id) hints.push(TAKEN.namesake);
  else if (event.duplicate_of !== null) hints.push(fill(TAKEN.duplicate_of, "transaction_id", event.duplicate_of));
  return hints.length === 0 ? null : hints.join(" ");
}
