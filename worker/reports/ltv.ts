/** Lifetime value: what each player spent and took back, over all history, in USD and another currency; and by segment. */

import { type SQL, sql } from "drizzle-orm";
import * as z from "zod";
import { daysBetween, localTime } from "../calendar.ts";
import { pageParameters } from "../http/page.ts";
import { may } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { tagFilter } from "../http/tag-filter.ts";
import { INCOME } from "../money.ts";
import type { Project } from "../project.ts";
import type { Database } from "../store/database.ts";
import { iso } from "../time.ts";
import { amounts, instant, maybe, money, named, whole } from "./answer.ts";
import { codeOf, columnsIn, given, inOneCurrency, wanted } from "./currency.ts";
import { fieldFilter } from "./field-filter.ts";
import type { Page } from "./list.ts";
import { pagesOf } from "./pages.ts";
import { common, onlyTags } from "./period.ts";
import { report } from "./report.ts";
import { SEGMENT_NAMES, SEGMENTS, type Segment, UNKNOWN } from "./segments.ts";
import { convertedOf, convertedSpend, flowsOf, type Payment, spendBy } from "./spend.ts";
import type { Table } from "./table.ts";
import { formatAmounts, formatAverage, formatExact, unitsOf } from "./usd.ts";
import {
  lookAtEveryone,
  paidBySegment,
  type Question,
  type SegmentPayment,
  type Without,
  withoutRateBySegment,
  withoutRateOf,
} from "./worth/everyone.ts";
import { EXACTLY, type Exactly, exactly, spendOf, type Whose, withdrawnOf } from "./worth/from-payments.ts";

/** Rows that one query reads for CSV. */
const CSV_PAGE = 10_000;

const query = z.strictObject({
  ...common,
  ...tagFilter,
  ...fieldFilter,
  ...wanted,
  segment: z.enum(SEGMENT_NAMES, `must be one of ${SEGMENT_NAMES.join(", ")}`).optional(),
  limit: pageParameters.limit,
  cursor: z.string("is not a cursor").optional(),
});

const lifetime = {
  payments: whole.describe("Purchases and deposits with an amount."),
  spend_usd: money.describe("Purchases and deposits, less refunds."),
  withdrawn_usd: money,
  net_usd: money.describe("`spend_usd` less what was withdrawn."),
};
const unconverted = {
  unconverted: amounts.describe("Purchases and deposits that have no rate in force on their date."),
  refunded_unconverted: amounts,
  withdrawn_unconverted: amounts,
};
const row = z
  .object({
    player_id: maybe,
    visitor_id: maybe.describe("Of someone who paid and is not known as a player."),
    banner_tag: maybe.describe("The tag that brought the player."),
    segment: z.enum(SEGMENT_NAMES),
    first_seen: instant,
    last_event_at: instant,
    lifetime_days: whole.describe("Days from the first event's to the last one's; 0 where it is the same day."),
    first_purchase_date: z.iso.date().nullable().describe("Of a purchase or deposit with an amount."),
    last_purchase_date: z.iso.date().nullable(),
    ...lifetime,
    ...unconverted,
    converted: convertedSpend.exactOptional(),
  })
  .meta({ id: "LifetimeValue" });
type Row = z.output<typeof row>;

const convertedGroup = convertedSpend
  .extend({
    average_spend: money.nullable().describe("`spend` over players; null also where part of it has no rate into it."),
  })
  .meta({ id: "ConvertedLifetimeValues" });
const group = {
  players: whole.describe("Known players, and visitors who paid."),
  payers: whole.describe("Those who ever paid."),
  ...lifetime,
  average_spend_usd: money
    .nullable()
    .describe("`spend_usd` over players; null also where part of what they spent has no rate."),
  ...unconverted,
  converted: convertedGroup.exactOptional().describe("With `currency`: amounts in it."),
};
const answer = z
  .object({
    ...named,
    ...given,
    segments: z.array(z.object({ segment: z.enum(SEGMENT_NAMES), ...group })),
    total: z.object(group),
    rows: z.array(row).exactOptional().describe("The players, who spent most first. Only for the role analyst."),
    next_cursor: maybe.exactOptional(),
  })
  .meta({ id: "LifetimeValues" });
type LifetimeValues = z.output<typeof answer>;
type Total = LifetimeValues["total"];

const formatted = (payments: number, spend: bigint, withdrawn: bigint) => ({
  payments,
  spend_usd: formatExact(spend),
  withdrawn_usd: formatExact(withdrawn),
  net_usd: formatExact(spend - withdrawn),
});

function amountsWithoutRate(rows: readonly Without[]) {
  const amountsOf = (isSummed: (event_type: string) => boolean) => {
    const sums = new Map<string, bigint>();
    for (const row of rows.filter(({ event_type }) => isSummed(event_type)))
      sums.set(row.currency, (sums.get(row.currency) ?? 0n) + unitsOf(row));
    return formatAmounts(sums);
  };
  return {
    unconverted: amountsOf((type) => (INCOME as readonly string[]).includes(type)),
    refunded_unconverted: amountsOf((type) => type === "refund"),
    withdrawn_unconverted: amountsOf((type) => type === "withdrawal"),
  };
}

type Grouped = Exactly & {
  segment: Segment;
  players: number;
  payers: number;
  payments: number;
  without_rate: number;
};

function convertedGroupOf(paid: readonly Payment[], players: number, into: string): z.output<typeof convertedGroup> {
  const [received, refunded, withdrawn] = flowsOf(paid, into);
  const isWhole = received.unconverted.size === 0 && refunded.unconverted.size === 0;
  return {
    ...convertedOf([received, refunded, withdrawn]),
    average_spend: isWhole ? formatAverage(received.exact - refunded.exact, players) : null,
  };
}

const GROUPED = ["segment", "players", "payers", "payments", "without_rate", ...EXACTLY] as const;
const SUMS = sql`sum(payments) AS payments, sum(without_rate) AS without_rate, ${exactly("spend", "sum")},
  ${exactly("withdrawn", "sum")}`;
const BY_SEGMENT: Question<Grouped> = {
  columns: GROUPED,
  rows: sql`SELECT segment, count(*) AS players, count(*) FILTER (WHERE payments > 0) AS payers, ${SUMS}
    FROM everyone GROUP BY segment`,
};
/** The same from the kept sums, which do not say whose first event has which fields. */
const KEPT_BY_SEGMENT = (project_id: string, tags: string[] | null): Question<Grouped> => ({
  columns: GROUPED,
  rows: sql`SELECT segment, sum(players) AS players, sum(payers) AS payers, ${SUMS} FROM lifetime_sums
    WHERE project_id = ${project_id} ${onlyTags(sql`banner_tag`, tags)} GROUP BY segment HAVING sum(players) > 0`,
});

type Segmented = { groups: Grouped[]; without: (Without & { segment: Segment })[]; paid: SegmentPayment[] };

function summary({ groups, without, paid }: Segmented, into: string | null) {
  const totalOf = (rows: Grouped[], lost: readonly Without[], payments: readonly Payment[]): Total => {
    const sum = (value: (row: Grouped) => number) => rows.reduce((total, row) => total + value(row), 0);
    const spend = rows.reduce((total, row) => total + spendOf(row), 0n);
    const withdrawn = rows.reduce((total, row) => total + withdrawnOf(row), 0n);
    const players = sum((row) => row.players);
    return {
      players,
      payers: sum((row) => row.payers),
      ...formatted(
        sum((row) => row.payments),
        spend,
        withdrawn,
      ),
      average_spend_usd: lost.some(({ event_type }) => event_type !== "withdrawal")
        ? null
        : formatAverage(spend, players),
      ...amountsWithoutRate(lost),
      ...(into !== null && { converted: convertedGroupOf(payments, players, into) }),
    };
  };
  return {
    segments: SEGMENT_NAMES.map((segment) => {
      const isOf = (row: { segment: Segment }) => row.segment === segment;
      return { segment, ...totalOf(groups.filter(isOf), without.filter(isOf), paid.filter(isOf)) };
    }),
    total: totalOf(groups, without, paid),
  };
}

/** The last player of the page before: what they spent, exactly, and who they are. */
const position = z.tuple([z.string().regex(/^-?\d{1,19}$/), z.string().regex(/^\d{1,12}$/), z.string()]);
type Position = z.output<typeof position>;

const encode = (at: Position) =>
  new TextEncoder().encode(JSON.stringify(at)).toBase64({ alphabet: "base64url", omitPadding: true });
function decode(cursor: string): Position {
  try {
    const bytes = Uint8Array.fromBase64(cursor, { alphabet: "base64url" });
    return position.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    throw Problem.of("cursor", "cursor is not a cursor");
  }
}

type Found = Exactly &
  Pick<Row, "player_id" | "segment" | "first_purchase_date" | "last_purchase_date" | "payments"> & {
    person: string;
    banner_tag: string;
    first_seen: number;
    last_event_at: number;
    without_rate: number;
  };

const number = (text: string | undefined) => sql`CAST(${text} AS INTEGER)`;

type Which = Whose & { segment: Segment | undefined; into: string | null };

/** The members of a segment, as a condition for which an index can be used: also between which whole USD they have spent. */
function membersOf(segment: Segment): SQL {
  // The second condition is always true of them; SQLite needs it for the index of such rows.
  if (segment === UNKNOWN) return sql`AND w.segment = ${segment} AND w.without_rate > 0`;
  const place = SEGMENTS.findIndex((one) => one.segment === segment);
  const [from, below] = [SEGMENTS[place]?.from, SEGMENTS[place === -1 ? SEGMENTS.length - 1 : place - 1]?.from];
  return sql`AND w.segment = ${segment} ${from === undefined ? sql`` : sql`AND w.spend_whole >= ${from}`} ${below === undefined ? sql`` : sql`AND w.spend_whole < ${below}`}`;
}

/** So many people after a position, and one more to know whether there are others. */
function peopleBehind(segment: Segment | undefined, limit: number, after: Position | null): Question<Found> {
  const [whole, rest, behind] = after ?? [];
  const rows = sql`SELECT person, player_id, first_seen, last_event_at, banner_tag, segment, payments, first_purchase_date,
      last_purchase_date, without_rate, ${exactly("spend", "")}, ${exactly("withdrawn", "")}
    FROM everyone w WHERE true ${segment === undefined ? sql`` : membersOf(segment)}
      ${
        after === null
          ? sql``
          : sql`AND w.spend_whole <= ${number(whole)} AND (-w.spend_whole, -w.spend_rest, person) > (-${number(whole)}, -${number(rest)}, ${behind})`
      }
    ORDER BY w.spend_whole DESC, w.spend_rest DESC, person LIMIT ${limit + 1}`;
  return { columns: PERSON, rows };
}

const PERSON = [
  "person",
  "player_id",
  "first_seen",
  "last_event_at",
  "banner_tag",
  "segment",
  "payments",
  "first_purchase_date",
  "last_purchase_date",
  "without_rate",
  ...EXACTLY,
] as const;

async function pageOf(
  db: Database,
  { project_id, timezone }: Project,
  into: string | null,
  found: readonly Found[],
  limit: number,
): Promise<Page<Row, Position>> {
  const shown = found.slice(0, limit);
  const people = shown.flatMap(({ person, without_rate }) => (without_rate > 0 ? [person] : []));
  const unconvertible = people.length === 0 ? [] : await withoutRateOf(db, project_id, people);
  const without = Map.groupBy(unconvertible, ({ person }) => person);
  const everyone = shown.map(({ person }) => person);
  const spendIn = into === null ? null : await spendBy(db, project_id, everyone, null, into);
  const rows = shown.map((spender): Row => {
    const converted = spendIn?.(spender.person).converted;
    const days = daysBetween(
      localTime(timezone, spender.first_seen).date,
      localTime(timezone, spender.last_event_at).date,
    );
    return {
      player_id: spender.player_id,
      visitor_id: spender.player_id === null ? spender.person.slice(1) : null,
      banner_tag: spender.banner_tag || null,
      segment: spender.segment,
      first_seen: iso(spender.first_seen),
      last_event_at: iso(spender.last_event_at),
      lifetime_days: days - 1,
      first_purchase_date: spender.first_purchase_date,
      last_purchase_date: spender.last_purchase_date,
      ...formatted(spender.payments, spendOf(spender), withdrawnOf(spender)),
      ...amountsWithoutRate(without.get(spender.person) ?? []),
      ...(converted && { converted }),
    };
  });
  const last = found.length > limit ? shown.at(-1) : undefined;
  return { rows, next: last ? ([last.spend_whole, last.spend_rest, last.person] satisfies Position) : null };
}

async function nextPage(
  { env, db, project }: { env: Env; db: Database; project: Project },
  { segment, into, ...whose }: Which,
  limit: number,
  after: Position,
): Promise<Page<Row, Position>> {
  const { people } = await lookAtEveryone<{ people: Found }>(env, db, project.project_id, whose, () => ({
    people: peopleBehind(segment, limit, after),
  }));
  return pageOf(db, project, into, people, limit);
}

const flatPage = ({ rows, next }: Page<Row, Position>, into: string | null) => ({
  rows: rows.map((row) => inOneCurrency(row, into)),
  next,
});

export const ltv = report({
  id: "getLifetimeValues",
  path: "/ltv",
  summary: "What players are worth: lifetime value and segments",
  description:
    "Over all history, in USD at the rate in force on each event's date, by which the players are in order too. `whale` from 100 USD, `dolphin` from 20, " +
    "`minnow` from 5, `free` below; `unknown` is who has a purchase, deposit or refund without a rate, whose place in the " +
    "order is by what has one. Fields narrow to people whose first event was of them. The role viewer is shown the segments alone; so is CSV for it.",
  role: "viewer",
  ofAmounts: true,
  query,
  answer,
  holds: "The segments, and for analysts the players.",
  tries: ["segment=whale", "limit=1", "country=MT", "currency=project"],
  byFirstEvent: true,
  reads: "all",
  converts: true,
  async read({
    env,
    db,
    project,
    principal,
    tags,
    firstEvent,
    query: { segment, limit, cursor, currency },
  }): Promise<Table<LifetimeValues>> {
    const { project_id, timezone } = project;
    const whose = { tags, firstEvent };
    const into = codeOf(project, { currency });
    const asked = { ...whose, segment, into };
    const after = cursor === undefined ? null : decode(cursor);
    const named = may(principal, "analyst");
    // All three in one query, because without kept rows it must read every payment anyway.
    type Asked = { groups: Grouped; paid: SegmentPayment; people: Found };
    const { groups, paid, people } = await lookAtEveryone<Asked>(env, db, project_id, whose, (isKept) => ({
      groups: isKept && Object.keys(firstEvent).length === 0 ? KEPT_BY_SEGMENT(project_id, tags) : BY_SEGMENT,
      paid: into === null ? null : paidBySegment(into),
      people: named ? peopleBehind(segment, limit, after) : null,
    }));
    const complete = groups.every(({ without_rate }) => without_rate === 0);
    const unrated: (Without & { segment: Segment })[] = paid.filter(({ rate }) => rate === null);
    const { without } =
      complete || into !== null
        ? { without: unrated }
        : await lookAtEveryone<{ without: Without & { segment: Segment } }>(env, db, project_id, whose, () => ({
            without: withoutRateBySegment,
          }));
    const { segments, total } = summary({ groups, without, paid }, into);
    const { rows, next } = await pageOf(db, project, into, people, limit);
    const body = { project_id, timezone, ...(into !== null && { currency: into }), segments, total };
    const columnsOf = (shape: object, converted: { shape: object }) => {
      const names = Object.keys(shape).filter((name) => name !== "converted");
      return columnsIn(names, Object.keys(converted.shape), into);
    };
    if (!named)
      return {
        body,
        columns: ["segment", ...columnsOf(group, convertedGroup)],
        rows: segments.map((row) => inOneCurrency(row, into)),
      };
    return {
      body: { ...body, rows, next_cursor: next && encode(next) },
      columns: columnsOf(row.shape, convertedSpend),
      rows: {
        pages: pagesOf(
          env,
          flatPage({ rows, next }, into),
          async (behind) => flatPage(await nextPage({ env, db, project }, asked, CSV_PAGE, behind), into),
          encode,
        ),
      },
    };
  },
});
