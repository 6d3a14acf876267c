/**
 * Reads what a network sends as an event and a decision, by a template: it maps the network's parameters to fields, and its
 * statuses to ours.
 */
import { type FieldError, fields, type ImportedEvent } from "../event.ts";
import { readEvent } from "../event-reading.ts";
import { numberAsSent } from "../exact-json.ts";
import { STATUSES, type Status } from "../payouts/month.ts";
import { isMacro } from "../placeholder.ts";

/** The fields that a template can fill, in addition to `data.<key>`. */
export const FILLED = [
  "click_id",
  "transaction_id",
  "event_id",
  "event_type",
  "status",
  "amount",
  "currency",
  "timestamp",
  "player_id",
  "visitor_id",
  "banner_tag",
  "app_id",
  "platform",
  "test",
] as const;
export const DATA = "data.";

/** How a network writes amounts: `1234.50`, `1.234,50`, or `123450` in the smallest unit of the currency. */
export const AMOUNTS = ["point", "comma", "minor"] as const;

/** What one of the network's statuses means: a status of the conversion, another type of event, or both. */
export type Meaning = { status?: Status | undefined; event_type?: string | undefined };

export type Template = {
  /** Field → the network's parameter. The values of several are joined by `-`, without those that are empty. */
  fields: Record<string, string | string[]>;
  /** Field → its value where the network sends none. */
  defaults: Record<string, string>;
  statuses: Record<string, Meaning>;
  amounts: (typeof AMOUNTS)[number];
};

export const namesOf = (names: string | readonly string[] | undefined): readonly string[] =>
  names === undefined ? [] : typeof names === "string" ? [names] : names;

/** The content of one postback. `said` is the network's word for the status. */
export type Said = { event: ImportedEvent; status: Status | null; said: string | null };
export type Read = { ok: true; said: Said } | { ok: false; event_type: string | null; errors: FieldError[] };

/** Statuses of a conversion that is not valid: no event is made of a postback with one of these. */
export const isVoid = (status: Status | null): boolean => status !== null && !["pending", "approved"].includes(status);

const SECONDS = /^\d{9,10}$/;

const UNEXPANDED = "arrived unexpanded: the network did not fill in its template";
const IDS = new Set<string>(["click_id", "transaction_id", "event_id"]);

const FORMS = {
  point: "amount must be a decimal with a point",
  comma: "amount must be a decimal with a comma",
  minor: "amount must be a whole number of the currency's smallest unit",
} as const satisfies Record<Template["amounts"], string>;

const textOf = (value: unknown): string =>
  typeof value === "string" ? value.trim() : value === null || value === undefined ? "" : asText(value);
const asText = (value: unknown): string => numberAsSent(value) ?? JSON.stringify(value) ?? "";

/** Places of the smallest unit, such as 2 of EUR and 0 of JPY. */
function placesOf(currency: string): number {
  try {
    return new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2;
  } catch {
    return 2;
  }
}

/** An amount in the form of the events API; null where it is not in this form. The API refuses what is no number. */
export function amountOf(text: string, form: Template["amounts"], currency: string): string | null {
  if (form === "point" || !/^\d/.test(text)) return text;
  if (form === "comma") return /^\d[\d.]*(?:,\d+)?$/.test(text) ? text.replaceAll(".", "").replace(",", ".") : null;
  if (!/^\d+$/.test(text)) return null;
  const places = placesOf(currency);
  const digits = text.padStart(places + 1, "0");
  return places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

/** The network's words, in upper or lower case, as people write them by hand. */
function meaningOf(template: Template, statusWord: string): Meaning | null {
  const templateEntry = Object.entries(template.statuses).find(
    ([word]) => word.toLowerCase() === statusWord.toLowerCase(),
  );
  if (templateEntry) return templateEntry[1];
  const status = STATUSES.find((one) => one === statusWord.toLowerCase());
  return status ? { status } : null;
}

export function readPostback(sent: readonly [string, unknown][], template: Template, now: number): Read {
  const errors: FieldError[] = [];
  const given = new Map<string, unknown>();
  const wanted = new Set(Object.values(template.fields).flatMap(namesOf));
  for (const [name, value] of sent) {
    if (given.has(name) && wanted.has(name))
      errors.push({ field: name, code: "repeated", message: `${name} was given twice` });
    given.set(name, value);
  }
  const textFor = (field: string): string => {
    const parts = namesOf(template.fields[field]).map((name) => textOf(given.get(name)));
    return parts.filter((part) => part !== "").join("-") || (template.defaults[field] ?? "");
  };

  const statusWord = textFor("status");
  const meaning: Meaning | null = statusWord === "" ? {} : meaningOf(template, statusWord);
  if (meaning === null) {
    const known = [...new Set([...Object.keys(template.statuses), ...STATUSES])].join(", ");
    errors.push(
      isMacro(statusWord)
        ? {
            field: "status",
            code: "unexpanded_macro",
            message: `status ${UNEXPANDED}`,
          }
        : {
            field: "status",
            code: "invalid",
            message: `status is a word that the source's template does not know: it knows ${known}`,
          },
    );
  }
  const event_type = meaning?.event_type ?? textFor("event_type");
  const pairs: [string, unknown][] = [["event_type", event_type]];
  for (const field of FILLED) {
    if (field === "event_type" || field === "status") continue;
    const value = textFor(field);
    if (value === "") continue;
    // A pixel is accepted without such a value, but a postback without its click or its transaction is about nothing.
    if (IDS.has(field) && isMacro(value)) {
      errors.push(withName({ field, code: "unexpanded_macro", message: `${field} ${UNEXPANDED}` }, template));
      continue;
    }
    if (field === "amount") {
      const amount = amountOf(value, template.amounts, textFor("currency").toUpperCase());
      if (amount === null) errors.push({ field, code: "invalid", message: FORMS[template.amounts] });
      pairs.push([field, amount ?? "0"]);
    }
    // A currency belongs to an amount; a template may have a default currency also for postbacks without an amount.
    else if (field === "currency" && textFor("amount") === "") continue;
    else if (field === "timestamp" && SECONDS.test(value)) pairs.push([field, `${value}000`]);
    else pairs.push([field, value]);
  }
  const further = [...new Set([...Object.keys(template.fields), ...Object.keys(template.defaults)])]
    .filter((field) => field.startsWith(DATA))
    .flatMap((field): [string, string][] =>
      textFor(field) === "" ? [] : [[field.slice(DATA.length), textFor(field)]],
    );
  if (further.length > 0) pairs.push(["data", Object.fromEntries(further)]);

  const reading = readEvent(pairs, "postback", now);
  const named = new Set(errors.map(({ field }) => field));
  if (!reading.ok)
    errors.push(...reading.errors.filter(({ field }) => !named.has(field)).map((error) => withName(error, template)));
  else if (
    !named.has("transaction_id") &&
    reading.event.transaction_id === undefined &&
    reading.event.event_id === undefined
  )
    errors.push(
      withName(
        {
          field: "transaction_id",
          code: "missing",
          message: "transaction_id is required, so that a postback that is sent twice counts once",
        },
        template,
      ),
    );
  if (errors.length > 0 || !reading.ok)
    return { ok: false, event_type: fields.event_type.safeParse(event_type).data ?? null, errors };
  return { ok: true, said: { event: reading.event, status: meaning?.status ?? null, said: statusWord || null } };
}

/** With the network's name for the field, which its people look for. */
function withName(error: FieldError, { fields: names }: Template): FieldError {
  const sent = namesOf(names[error.field]);
  return sent.length === 0 || sent.includes(error.field)
    ? error
    : { ...error, message: `${error.message} (sent as ${sent.join(" and ")})` };
}

type Wrong = { field: string; message: string };
const isFilled = (field: string): boolean =>
  FILLED.some((one) => one === field) || (field.startsWith(DATA) && field.length > DATA.length && field.length <= 69);

/** What is wrong with a template, field by field. */
export function faultsOf({ fields: names, defaults, statuses }: Template): Wrong[] {
  const wrong: Wrong[] = [];
  const known = [...FILLED, `${DATA}<key>`].join(", ");
  for (const [where, given] of [
    ["fields", names],
    ["defaults", defaults],
  ] as const)
    for (const field of Object.keys(given))
      if (!isFilled(field))
        wrong.push({ field: `template.${where}.${field}`, message: `is no field of a postback: ${known} are` });
  const has = (field: string) => names[field] !== undefined || defaults[field] !== undefined;
  const need = (field: string, message: string) => wrong.push({ field: `template.fields.${field}`, message });
  if (!has("event_type") && Object.values(statuses).some(({ event_type }) => event_type === undefined))
    need("event_type", "is required: no status says it; template.defaults.event_type is enough");
  if (!has("event_type") && Object.keys(statuses).length === 0)
    need("event_type", "is required; template.defaults.event_type is enough");
  if (names.transaction_id === undefined && names.event_id === undefined)
    need(
      "transaction_id",
      "is required, so that a postback that is sent twice counts once; where the network has none, take the parameter of the click id",
    );
  if (!["click_id", "player_id", "visitor_id"].some((field) => names[field] !== undefined))
    need("click_id", "is required: a postback must say by its click whose it is, or name the player");
  if (has("amount") && !has("currency"))
    need("currency", "is required where there is an amount; template.defaults.currency is enough");
  if (Object.keys(statuses).length > 0 && !has("status")) need("status", "is required where there are statuses");
  for (const [field, value] of Object.entries(defaults)) {
    const rule = field in fields ? fields[field as keyof typeof fields].safeParse(value) : undefined;
    if (rule && !rule.success)
      wrong.push({ field: `template.defaults.${field}`, message: rule.error.issues[0]?.message ?? "is wrong" });
  }
  if (defaults.status !== undefined && meaningOf({ statuses } as Template, defaults.status) === null)
    wrong.push({ field: "template.defaults.status", message: "is not among the statuses of the template" });
  return wrong;
}
