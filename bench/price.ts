/**
 * What a million events cost at several rates, and how many events a day of the free plan takes. Rows of D1 are counted, with
 * reports from the figures; the other operations follow from how often the parts send, gather and wake each other.
 */
import { GROUPS } from "../worker/projections/index.ts";
import { EVENTS_A_MESSAGE } from "../worker/queue/message.ts";
import { openLog } from "./log.ts";
import { PAID_PLAN, PEERS, PRICES, type Resource } from "./prices.ts";
import { traffic } from "./traffic.ts";

/** Events before the first measurement, and the least number of events of each measurement. */
const PAST = 20_000;
const LEAST = 500;
const MOST_MEASURED = 4_000;

const DAY = 86_400;
const MONTH = 30 * DAY;
const HOUR = 3_600;

/** Of a message: written, read and deleted. */
const OPERATIONS_A_MESSAGE = 3;
/** Seconds that a send to the queue takes in the median: events that arrive meanwhile are gathered (docs/adr/0004-group-commit.md). */
const SEND_SECONDS = 0.06;
/** Seconds that the queue waits for further messages of a batch: `max_batch_timeout` in wrangler.toml. */
const BATCH_SECONDS = 1;
/** Seconds between two messages of the intake of the free plan (worker/queue/allowance.ts). */
const INTAKE_SECONDS = 40;
/** How old the figures may be for a reader, in seconds, while a dashboard asks all the time. */
const LOOK_SECONDS = GROUPS.tables.gathering.age / 1_000;

/**
 * Of Durable Objects in a day, whatever arrives: cron wakes the duties, which set their alarms, and measured times are sent at
 * most each 15 seconds (docs/cost.md).
 */
const OBJECTS_A_DAY = { requests: 23_700, rows: 11_700 };
/**
 * Of a batch: its consumer wakes the live projection, whose alarm delivers to the counters. They write their state, a second and
 * a minute, and later remove the second.
 */
const OBJECTS_A_BATCH = { requests: 3, rows: 5 };
/** Of a run of the tables and one of the figures: a wake and an alarm each. */
const OBJECTS_A_RUN = { requests: 4, rows: 2 };

/** Days of the free plan that are looked at. */
const EVENTS_A_DAY = [10_000, 15_000, 20_000, 25_000, 30_000];

type Case = { rate: number; looks: boolean };
/** Events a message of the queue, a batch that is appended, and a run. */
type Sizes = { message: number; batch: number; run: number };

const whole = (value: number) => Math.max(1, Math.round(value));

function sizesOf({ rate, looks }: Case, plan: "paid" | "free"): Sizes {
  const message = Math.min(EVENTS_A_MESSAGE, whole(rate * (plan === "paid" ? SEND_SECONDS : INTAKE_SECONDS)));
  const batch = Math.max(message, whole(rate * BATCH_SECONDS));
  const gathered = Math.min(GROUPS.tables.gathering.events, whole(rate * (looks ? LOOK_SECONDS : HOUR)));
  return { message, batch, run: Math.max(batch, gathered) };
}

type Rows = { written: number; read: number };
type Operations = Record<Resource, number>;

/** The operations for an event. */
function operationsOf({ rate }: Case, { message, batch, run }: Sizes, rows: Rows, plan: "paid" | "free"): Operations {
  // The intake writes each event, and for a message its alarm, its end and the rest of the day's allowance.
  const intake = plan === "free" ? { requests: 1 + 1 / message, rows: 1 + 3 / message } : { requests: 0, rows: 0 };
  const ofObjects = (what: "requests" | "rows") =>
    intake[what] + OBJECTS_A_BATCH[what] / batch + OBJECTS_A_RUN[what] / run + OBJECTS_A_DAY[what] / (rate * DAY);
  return {
    requests: 1,
    "queue operations": OPERATIONS_A_MESSAGE / message,
    "rows written": rows.written,
    "rows read": rows.read,
    "object requests": ofObjects("requests"),
    "object rows written": ofObjects("rows"),
  };
}

const RESOURCES = Object.keys(PRICES) as Resource[];
const usd = (value: number) => value.toFixed(2);

/** The month's bill of an account that has nothing else. */
const billOf = (operations: Operations, rate: number): number =>
  RESOURCES.reduce((sum, name) => {
    const { a_million, included } = PRICES[name];
    return sum + (Math.max(0, operations[name] * rate * MONTH - included) / 1e6) * a_million;
  }, PAID_PLAN);

export async function benchPrice(): Promise<void> {
  const { take, took, reset, close } = await openLog();
  const all = [...traffic(PAST + 400_000)][Symbol.iterator]();
  const next = (count: number) => Array.from({ length: count }, () => all.next().value as never);
  await take(next(PAST), 500, 5_000);
  const rowsOf = async ({ batch, run }: Sizes): Promise<Rows> => {
    const runs = Math.max(1, Math.ceil(Math.min(MOST_MEASURED, Math.max(LEAST, 2 * run)) / run));
    reset();
    await take(next(runs * run), batch, run);
    const { append, project, figures } = took();
    const each = (what: "written" | "read") => (append[what] + project[what] + figures[what]) / (runs * run);
    return { written: each("written"), read: each("read") };
  };

  const paid = [];
  for (const rate of [0.1, 1, 10, 100])
    for (const looks of [false, true]) {
      const sizes = sizesOf({ rate, looks }, "paid");
      const operations = operationsOf({ rate, looks }, sizes, await rowsOf(sizes), "paid");
      const prices = RESOURCES.map((name) => operations[name] * PRICES[name].a_million);
      const events = rate * MONTH;
      paid.push({
        "events a second": rate,
        "a dashboard is open": looks,
        ...sizes,
        ...Object.fromEntries(RESOURCES.map((name, n) => [name, usd(prices[n] ?? 0)])),
        "a million": usd(prices.reduce((sum, price) => sum + price, 0)),
        "a month": usd(billOf(operations, rate)),
        "a million of that month": usd((billOf(operations, rate) / events) * 1e6),
      });
    }
  console.log("\nPaid plan, USD: a million events at list price, and the bill of a month with what the plan includes:");
  console.table(paid);

  const free = [];
  for (const looks of [false, true])
    for (const events of EVENTS_A_DAY) {
      const asked = { rate: events / DAY, looks };
      const sizes = sizesOf(asked, "free");
      const operations = operationsOf(asked, sizes, await rowsOf(sizes), "free");
      const shares = RESOURCES.map((name) => (operations[name] * events) / PRICES[name].free_a_day);
      free.push({
        "events a day": events,
        "a dashboard is open": looks,
        ...sizes,
        ...Object.fromEntries(RESOURCES.map((name, n) => [name, `${Math.round((shares[n] ?? 0) * 100)} %`])),
        fits: shares.every((share) => share <= 1),
      });
    }
  console.log(
    "\nFree plan: events that arrive evenly, one by one, and the share of each allowance of the day that they use:",
  );
  console.table(free);
  await close();

  console.log("\nOther trackers, USD for a million further events:");
  console.table(PEERS.map(({ name, a_million: [most, least], source }) => ({ name, most, least, source })));
}
