/** Exact sums of money: in the original currencies, and in another at the rate of each event's date. */
import type { Ask } from "./ask.ts";
import type { Row } from "./database.ts";

export type Paid = {
  events: number;
  /** The currencies in `exact`. */
  converted: number;
  /** In 1e-12 of the currency converted into. */
  exact: bigint;
  totals: Record<string, string>;
  /** The amounts without a rate. */
  unconverted: Record<string, string>;
};

const NOTHING: Paid = { events: 0, converted: 0, exact: 0n, totals: {}, unconverted: {} };
type Found = Row & { key: string; kind: string; events: number; converted: number; exact: string };

/** Income is purchases and deposits, spend is that less refunds; the other kinds are event types. */
export type Payments = (key: readonly unknown[], kind: string) => Paid;

/**
 * Of each key, of the payments that `where` chooses. A sum in USD needs no rounding; for another currency each date's
 * sum in USD is divided by that date's rate, to 12 places, half to even.
 */
export async function payments(
  { select }: Ask,
  keys: readonly string[],
  where: string,
  values: Record<string, string> = {},
  source = "payments",
): Promise<Payments> {
  const rows = await select<Found>(
    `WITH kinds AS (
      SELECT p.* EXCLUDE (amount), amount AS sent_amount, json_array(${keys.join(", ")})::VARCHAR AS key, into_rate,
        unnest(CASE event_type WHEN 'withdrawal' THEN [event_type] WHEN 'refund' THEN [event_type, 'spend']
          ELSE [event_type, 'income', 'spend'] END) AS kind,
        CASE WHEN currency = $into THEN 'own' WHEN rate IS NULL OR into_rate IS NULL THEN 'lost' ELSE 'foreign' END AS how
      FROM ${source} p LEFT JOIN (SELECT event_date AS rate_of, rate AS into_rate FROM in_force WHERE currency = $into) i
        ON rate_of = p.event_date
      WHERE project_id = $project AND ${where}
    ), priced AS (
      SELECT *, CASE WHEN kind = 'spend' AND event_type = 'refund' THEN -sent_amount ELSE sent_amount END AS amount
      FROM kinds
    ), dates AS (
      SELECT key, kind, count(*) AS events, count(*) FILTER (how <> 'lost') AS converted,
        coalesce(sum(amount::HUGEINT) FILTER (how = 'own'), 0) * 100000000
          + coalesce(half_even(sum(amount * rate) FILTER (how = 'foreign') * 100000000, any_value(into_rate)), 0) AS exact
      FROM priced GROUP BY key, kind, event_date
    ), sums AS (
      SELECT key, kind, sum(events)::BIGINT AS events, sum(converted)::BIGINT AS converted, sum(exact)::VARCHAR AS exact
      FROM dates GROUP BY key, kind
    ), currencies AS (
      SELECT key, kind, currency, decimal_text(sum(amount::HUGEINT)) AS total,
        decimal_text(sum(amount::HUGEINT) FILTER (how = 'lost')) AS lost
      FROM priced GROUP BY key, kind, currency
    ), amounts AS (
      SELECT key, kind, list([currency, total]) AS totals, list([currency, lost]) FILTER (lost IS NOT NULL) AS lost
      FROM currencies GROUP BY key, kind
    )
    SELECT * FROM sums JOIN amounts USING (key, kind)`,
    { into: "USD", ...values },
  );
  const found = new Map(
    rows.map(({ key, kind, events, converted, exact, totals, lost }): [string, Paid] => [
      `${key} ${kind}`,
      { events, converted, exact: BigInt(exact), totals: amounts(totals), unconverted: amounts(lost) },
    ]),
  );
  return (key, kind) => found.get(`${JSON.stringify(key)} ${kind}`) ?? NOTHING;
}

const amounts = (list: Row[string] | undefined): Record<string, string> =>
  Object.fromEntries((list ?? []) as [string, string][]);

export function halfEven(part: bigint, whole: bigint): bigint {
  if (part < 0n) return -halfEven(-part, whole);
  const [cut, rest] = [part / whole, (part % whole) * 2n];
  return rest > whole || (rest === whole && cut % 2n === 1n) ? cut + 1n : cut;
}

/** Four decimal places at most, two at least. */
export function decimal(units: bigint): string {
  const digits = String(units < 0n ? -units : units).padStart(5, "0");
  return `${units < 0n ? "-" : ""}${digits.slice(0, -4)}.${digits.slice(-4).replace(/0{1,2}$/, "")}`;
}

export const money = (exact: bigint): string => decimal(halfEven(exact, 100_000_000n));
/** A percentage of it; the percentage has at most two decimal places. */
export const shareOf = (exact: bigint, percent: number): string =>
  decimal(halfEven(exact * BigInt(Math.round(percent * 100)), 100_000_000n * 10_000n));
export const average = (exact: bigint, over: number): string | null =>
  over > 0 ? decimal(halfEven(exact, 100_000_000n * BigInt(over))) : null;
/** An average of amounts without a rate is unknown. */
export const averageOf = ({ exact, unconverted }: Paid, over: number): string | null =>
  Object.keys(unconverted).length > 0 ? null : average(exact, over);

const USD = 1_000_000_000_000n;
export function segmentOf({ exact: usd, unconverted }: Paid): string {
  if (Object.keys(unconverted).length > 0) return "unknown";
  return usd >= 100n * USD ? "whale" : usd >= 20n * USD ? "dolphin" : usd >= 5n * USD ? "minnow" : "free";
}
