/**
 * Hints on how to correct an error, as data: the first rule that fits an error is used, otherwise the general hint of its code.
 * In a hint, `$field` is the field, `$value` the value that was sent, `$sent` the name under which it was sent, and `$type` a
 * type in the spelling of Edgepixel.
 */

import { type ErrorCode, spelledAsType } from "../event.ts";
import type { Lookalike } from "../lookalike.ts";
import { isMacro, isUnset } from "../placeholder.ts";

export type Rule = {
  code: ErrorCode;
  field?: string;
  /** Fits where the value that was sent matches. */
  value?: { test(value: string): boolean };
  /** Fits where this field was sent under another product's name. */
  alike?: Lookalike;
  /** Fits a timestamp that is ahead of the server's clock: at least and at most this many hours. */
  ahead?: readonly [number, number];
  hint: string;
};

export const RULES: readonly Rule[] = [
  {
    code: "missing",
    field: "player_id",
    alike: "player_id",
    hint: "The player's id came as `$sent`. Rename that parameter to `player_id`.",
  },
  {
    code: "missing",
    field: "player_id",
    alike: "visitor_id",
    hint: "Who did it came as `$sent`, which names a browser or a device. Rename that parameter to `visitor_id`, and send `player_id` once the player is known.",
  },
  {
    code: "missing",
    field: "player_id",
    hint: "Nothing says who did it. Send `player_id`, or `visitor_id` while the player is not known; an empty value counts as none.",
  },
  {
    code: "missing",
    field: "banner_tag",
    alike: "banner_tag",
    hint: "The campaign's tag came as `$sent`. Rename that parameter to `banner_tag` (or `btag`).",
  },
  {
    code: "missing",
    field: "banner_tag",
    hint: "A pixel needs the campaign's tag: add `banner_tag` (or `btag`). An empty value counts as none, so check that the macro behind it is filled in.",
  },
  {
    code: "missing",
    field: "currency",
    alike: "currency",
    hint: "The currency came as `$sent`. Rename that parameter to `currency`.",
  },
  {
    code: "missing",
    field: "currency",
    hint: "There is an amount without a currency. Add `currency`, for instance `currency=EUR`.",
  },
  {
    code: "missing",
    field: "amount",
    alike: "amount",
    hint: "The amount came as `$sent`. Rename that parameter to `amount`.",
  },
  {
    code: "missing",
    field: "amount",
    hint: "There is a currency without an amount. Add `amount`, or leave `currency` out where no money moved.",
  },
  {
    code: "missing",
    field: "transaction_id",
    alike: "transaction_id",
    hint: "The transaction came as `$sent`. Rename that parameter to `transaction_id`, and sign the query that you send.",
  },
  {
    code: "missing",
    field: "transaction_id",
    hint: "A signed pixel needs something that makes it count once when its address is copied: add `transaction_id` or `event_id`, and sign it with the rest.",
  },
  {
    code: "missing",
    field: "event_type",
    alike: "event_type",
    hint: "What happened came as `$sent`. Rename it to `event_type`$type.",
  },
  {
    code: "missing",
    field: "event_type",
    hint: "Say what happened: add `event_type`, such as `registration` or `deposit`.",
  },
  {
    code: "unexpanded_macro",
    field: "amount",
    hint: "`$value` arrived unexpanded: your network did not fill in the macro of the amount. Check the macro's name in the postback URL; not every network knows a payout in every event.",
  },
  {
    code: "unexpanded_macro",
    field: "timestamp",
    hint: "`$value` arrived unexpanded: your network did not fill in the macro of the time. Check the macro's name, or leave `timestamp` out: then the time of arrival counts.",
  },
  {
    code: "timestamp_out_of_range",
    value: /^\d{9,10}$/,
    hint: "`$value` is in seconds. Send milliseconds (three more digits), or ISO 8601 such as 2026-08-01T12:00:00Z.",
  },
  {
    code: "timestamp_out_of_range",
    value: /^\d{16}$/,
    hint: "`$value` is in microseconds. Send milliseconds (three digits fewer), or ISO 8601.",
  },
  {
    code: "timestamp_out_of_range",
    ahead: [0, 14.1],
    hint: "The time lies some hours in the future: most likely local time was sent as if it were UTC. Add the zone (2026-08-01T12:00:00+02:00) or send epoch milliseconds.",
  },
  {
    code: "timestamp_out_of_range",
    ahead: [14.1, Number.POSITIVE_INFINITY],
    hint: "The time lies far in the future. Check the clock of the machine that sends it, and that `timestamp` is not a date of expiry.",
  },
  {
    code: "invalid",
    value: { test: isMacro },
    hint: "`$value` arrived unexpanded in `$field`: nobody filled in the template.",
  },
  {
    code: "invalid",
    value: { test: (value) => isUnset(value) || /^none$/i.test(value) },
    hint: "`$value` is what a script writes for a variable without a value. Check where `$field` comes from, and send nothing where there is none.",
  },
  {
    code: "invalid",
    field: "amount",
    value: /\d,\d/,
    hint: "`$value` has a comma. Send a plain decimal with a point and no thousands separator, such as 1250.50.",
  },
  {
    code: "invalid",
    field: "amount",
    value: /[^\d.\s+-]/,
    hint: "`$value` holds more than the number. Send the number alone in `amount`, the currency in `currency`.",
  },
  {
    code: "invalid",
    field: "amount",
    value: /^-/,
    hint: "`$value` is negative. Send the amount without a sign; the event type (such as `refund` or `withdrawal`) says which way it went.",
  },
  {
    code: "invalid",
    field: "amount",
    value: /\.\d{5,}$/,
    hint: '`$value` has more than four decimal places. Round it, and send it as text, such as "29.95": programs write 29.949999999999999 for it as a number.',
  },
  {
    code: "invalid",
    field: "amount",
    hint: "`amount` must be a plain decimal such as 49.99: a point, no sign, at most four places.",
  },
  {
    code: "invalid",
    field: "currency",
    value: /^(?:[$€£¥₽₿]|usdt|usdc|btc|eth|ltc)/i,
    hint: "`$value` is not an ISO 4217 code. Send the three letters (EUR, USD); coins have no such code, so convert them first.",
  },
  { code: "invalid", field: "currency", hint: "`currency` must be the three letters of ISO 4217, such as EUR." },
  {
    code: "invalid",
    field: "timestamp",
    value: /^\d{4}-\d{2}-\d{2}/,
    hint: "`$value` is no moment of the calendar, or has something behind its zone. Check day, month and hour, and write it like 2026-08-01T12:00:00+02:00.",
  },
  {
    code: "invalid",
    field: "timestamp",
    hint: "`timestamp` must be epoch milliseconds or ISO 8601, such as 2026-08-01T12:00:00Z; a local form like 01/08/2026 is not understood.",
  },
  {
    code: "invalid",
    field: "event_type",
    value: { test: (value) => spelledAsType(value) !== null },
    hint: "An event type is lower-case letters, digits and `_`. Send `$value`$type.",
  },
  {
    code: "invalid",
    field: "event_type",
    hint: "An event type is lower-case letters, digits and `_`, such as `level_up`.",
  },
  {
    code: "invalid",
    field: "project_id",
    hint: "A project's id is lower-case, without spaces. Copy it from the snippet or the settings.",
  },
  {
    code: "invalid",
    field: "body",
    hint: "The body could not be read as JSON. Send UTF-8 JSON, packed with nothing but gzip.",
  },
  {
    code: "invalid",
    field: "event",
    hint: "Each event must be a JSON object; check for a list within the list, or JSON encoded twice.",
  },
  {
    code: "repeated",
    field: "event_type",
    hint: "The address of the pixel already says the event type; drop the parameter or use /pixel/<event_type>.",
  },
  {
    code: "repeated",
    field: "banner_tag",
    hint: "The tag came twice. `btag` is another name of `banner_tag`: send one of them.",
  },
  {
    code: "repeated",
    field: "app_id",
    hint: "The app came twice. `game_id` is another name of `app_id`: send one of them.",
  },
  {
    code: "too_long",
    field: "transaction_id",
    hint: "`transaction_id` is too long. Send the order's id (of Google Play `GPA.…`), not its purchase token or receipt.",
  },
  {
    code: "placeholder",
    value: { test: isMacro },
    hint: "`$value` arrived unexpanded in `$field`: your network did not fill in the macro. All such events would be one person's.",
  },
  { code: "too_large", field: "body", hint: "The request is too large. Send at most 500 events and 512 KB at once." },
  { code: "too_large", field: "event", hint: "The event is too large. Keep an event within 32 KB." },
  {
    code: "not_allowed",
    field: "project_id",
    hint: "The key belongs to another project than the event names. Use that project's key, or leave `project_id` out.",
  },
  {
    code: "not_allowed",
    field: "source",
    hint: "The network sends to a source of postbacks that is not there, or is paused. Check the path of its postback URL; make or resume the source.",
  },
  {
    code: "bad_signature",
    field: "token",
    hint: "The last part of the postback URL is not the source's token. Paste the whole URL as it was shown; where nobody has it any more, give the source a new secret.",
  },
  {
    code: "not_allowed",
    field: "banner_tag",
    hint: "The key may only send for its own banner tags. Send one of them in `banner_tag`.",
  },
];

/** One hint for every code, which fits any field. */
export const GENERAL: Record<ErrorCode, string> = {
  missing: "`$field` is required and did not come, or came empty.",
  invalid: "`$field` does not have the form that it must have; the message says which.",
  too_long: "`$field` is too long. Check that it holds only the id, not a whole URL or a list.",
  too_many_keys:
    "The pixel has too many further parameters: the first 40 in addition to the known fields are kept, and the others are left out. The events API takes more.",
  too_large: "`$field` is too large. Send what is needed to count the event, not whole documents.",
  repeated:
    "The same parameter came twice, so it is not clear which one holds. Remove one, also where a redirect adds it again.",
  unexpanded_macro:
    "`$value` arrived unexpanded: your network did not fill in the macro. Check the macro's name in the postback URL.",
  placeholder:
    "`$value` names nobody: it is what programs write where there is no value, and all such events would be one person's. Send no `$field` where there is none, and `visitor_id` while the player is not known.",
  timestamp_out_of_range:
    "The event is too old (7 days by pixel, 31 by the events API) or in the future. Send it sooner; send old events by the events API; check the time zone.",
  unknown_project:
    "There is no such project. Check `project_id` for a typing error; requests for unknown projects are shown here, under `default`.",
  schema_violation:
    "`$field` does not fit the schema that the project has registered for this event type. The message says how: send what the schema asks for, or register a new version of it.",
  privacy_signal:
    "The browser asks not to be tracked, and the project respects that. Nothing is wrong with the set-up.",
  erased:
    "This person was erased and asked not to be recorded again. Nothing is wrong with the set-up; stop sending their events.",
  not_allowed: "The key may not do this. Use a key of the right project and role.",
  origin_not_allowed:
    "The page's origin is not among the project's allowed origins. Add it in the project's settings (scheme, host and port, no path), or find out who uses your pixel there.",
  bad_signature:
    "`sig` must be the hex HMAC-SHA256, under the project's pixel secret or the signing secret of the source, of all other parameters: percent-decoded, sorted by name, joined as name=value with &. Sign the final values, after the macros are filled in.",
};
