/** What each player has spent and withdrawn altogether: in the currencies of the payments, and in USD. */
import { sql } from "drizzle-orm";
import * as z from "zod";
import { INCOME, type PaymentType } from "../money.ts";
import type { Database } from "../store/database.ts";
import { amounts, money } from "./answer.ts";
import { unconverted } from "./currency.ts";
import { onlyTags } from "./period.ts";
import { FREE, SEGMENTS, type Segment, UNKNOWN } from "./segments.ts";
import { type Converted, convert, EXACT_UNITS, formatAmounts, formatExact, type Sum, sums, unitsOf } from "./usd.ts";

export type Payment = Sum & { event_type: PaymentType };
type Paid = Payment & { person: string };

/** With `currency`: amounts in it. */
export const convertedSpend = z
  .object({
    spend: money.describe("Purchases and deposits, less refunds."),
    withdrawn: money,
    net_amount: money.describe("`spend` less what was withdrawn."),
    unconverted,
    refunded_unconverted: amounts,
    withdrawn_unconverted: amounts,
  })
  .meta({ id: "ConvertedSpend" });

export type Spend = {
  /** Purchases and deposits less refunds, as decimals by currency. */
  spend: Record<string, string>;
  spend_usd: string;
  withdrawn: Record<string, string>;
  withdrawn_usd: string;
  /** Amounts without a rate in force, which are in no figure in USD. */
  unconverted: Record<string, string>;
  refunded_unconverted: Record<string, string>;
  withdrawn_unconverted: Record<string, string>;
  segment: Segment;
  /** In the requested currency, if there is one. */
  converted?: z.output<typeof convertedSpend>;
};

/** Sums by currency, less those of `less`. */
function amountsOf(paid: readonly Sum[], less: readonly Sum[] = []): Record<string, string> {
  const amounts = new Map<string, bigint>();
  const add = (rows: readonly Sum[], sign: bigint) => {
    for (const row of rows) amounts.set(row.currency, (amounts.get(row.currency) ?? 0n) + sign * unitsOf(row));
  };
  add(paid, 1n);
  add(less, -1n);
  return formatAmounts(amounts);
}

/** What was received, refunded and withdrawn. */
function flowsBy(paid: readonly Payment[]) {
  const income = paid.filter(({ event_type }) => (INCOME as readonly PaymentType[]).includes(event_type));
  const refunds = paid.filter(({ event_type }) => event_type === "refund");
  const withdrawals = paid.filter(({ event_type }) => event_type === "withdrawal");
  return { income, refunds, withdrawals };
}
type Flows = readonly [received: Converted, refunded: Converted, withdrawn: Converted];
export function flowsOf(paid: readonly Payment[], into: string): Flows {
  const { income, refunds, withdrawals } = flowsBy(paid);
  return [convert(income, into), convert(refunds, into), convert(withdrawals, into)];
}

function spendOf(paid: readonly Paid[], into: string | null): Spend {
  const { income, refunds, withdrawals } = flowsBy(paid);
  const [received, refunded, withdrawn] = flowsOf(paid, "USD");
  const exact = received.exact - refunded.exact;
  return {
    spend: amountsOf(income, refunds),
    spend_usd: formatExact(exact),
    withdrawn: amountsOf(withdrawals),
    withdrawn_usd: formatExact(withdrawn.exact),
    unconverted: formatAmounts(received.unconverted),
    refunded_unconverted: formatAmounts(refunded.unconverted),
    withdrawn_unconverted: formatAmounts(withdrawn.unconverted),
    segment: segmentOf(exact, received.unconverted.size === 0 && refunded.unconverted.size === 0),
    ...(into !== null && { converted: convertedOf(flowsOf(paid, into)) }),
  };
}

export const convertedOf = ([received, refunded, withdrawn]: Flows): z.output<typeof convertedSpend> => ({
  spend: formatExact(received.exact - refunded.exact),
  withdrawn: formatExact(withdrawn.exact),
  net_amount: formatExact(received.exact - refunded.exact - withdrawn.exact),
  unconverted: formatAmounts(received.unconverted),
  refunded_unconverted: formatAmounts(refunded.unconverted),
  withdrawn_unconverted: formatAmounts(withdrawn.unconverted),
});

const segmentOf = (exact: bigint, known: boolean): Segment =>
  known ? (SEGMENTS.find(({ from }) => exact >= BigInt(from) * EXACT_UNITS)?.segment ?? FREE) : UNKNOWN;

/** Of each of these people, under these tags. */
export async function spendBy(
  db: Database,
  project_id: string,
  people: readonly string[],
  tags: string[] | null,
  into: string | null,
): Promise<(person: string) => Spend> {
  const paid = await db.all<Paid>(sql`SELECT person, event_type, ${sums(into ?? "USD")}
    FROM json_each(${JSON.stringify(people)}) j CROSS JOIN payments INDEXED BY payments_by_person
      ON project_id = ${project_id} AND person = j.value
    WHERE true ${onlyTags(sql`banner_tag`, tags)} GROUP BY person, event_type, event_date, currency`);
  const byPerson = Map.groupBy(paid, (row) => row.person);
  return (person) => spendOf(byPerson.get(person) ?? [], into);
}
