/** The players: found by id, tag, segment, spend or first day, in the requested order. */

import { type SQL, sql } from "drizzle-orm";
import * as z from "zod";
import { addDays, instantOf } from "../calendar.ts";
import { Problem } from "../http/problem.ts";
import { tagFilter } from "../http/tag-filter.ts";
import { parseMoney, UNITS } from "../money.ts";
import { doings, FIRST_DATE } from "../projections/doings.ts";
import { FUNNEL_STEPS } from "../projections/players.ts";
import { RATE_UNITS } from "../rates/rate.ts";
import type { Database } from "../store/database.ts";
import { among } from "../store/sql.ts";
import { iso } from "../time.ts";
import { instant, maybe, money, telling, text, whole } from "./answer.ts";
import { codeOf, given, wanted } from "./currency.ts";
import { fieldFilter } from "./field-filter.ts";
import { onlyFirstEvent } from "./first-event.ts";
import { STEPS } from "./funnel.ts";
import { list, listed, listOf, type Page, pageOf } from "./list.ts";
import { namedBy } from "./named-by.ts";
import { hasRoom } from "./pages.ts";
import { date, onlyTags } from "./period.ts";
import { type Player, tagsOf } from "./player.ts";
import { report } from "./report.ts";
import { SEGMENT_NAMES } from "./segments.ts";
import { type convertedSpend, spendBy } from "./spend.ts";
import { SPEND, type Spent, spenders } from "./worth/spenders.ts";

const SORTABLE = [
  "player_id",
  "first_seen",
  "last_event_at",
  "total_deposits",
  "first_tag",
  "last_tag",
  "spend_usd",
] as const;
type Sortable = (typeof SORTABLE)[number];

const MOST_DEPOSITS = 1_000_000_000;
const deposits = z.coerce
  .number("must be a number")
  .int("must be whole")
  .min(0, "must be at least 0")
  .max(MOST_DEPOSITS, `must be at most ${MOST_DEPOSITS}`)
  .optional();

const spent = z
  .string("must be given once")
  .refine((given) => parseMoney(given) !== null, "must be a decimal number without sign, at most 4 places")
  .optional();

const query = z.strictObject({
  ...listed,
  funnel_step: z
    .enum(STEPS, `must be one of ${STEPS.join(", ")}`)
    .optional()
    .describe("Those who took this step of the funnel: `from`, `to` and the tags are then those of the step."),
  from: date
    .optional()
    .describe("The earliest first day, in the project's time zone; with `funnel_step` that of the step."),
  to: date.optional().describe("The latest first day, included; with `funnel_step` that of the step."),
  search: z
    .string("must be given once")
    .min(1, "must not be empty")
    .max(256, "is too long")
    .optional()
    .describe(
      "What the `player_id` begins with; or a whole `transaction_id`, `click_id` or e-mail address of theirs, as it was sent.",
    ),
  segment: z.enum(SEGMENT_NAMES, `must be one of ${SEGMENT_NAMES.join(", ")}`).optional(),
  ...tagFilter,
  ...fieldFilter,
  ...wanted,
  has_deposit: z
    .enum(["true", "false"], "must be true or false")
    .optional()
    .describe("Whether there is a deposit that counts."),
  deposits_from: deposits.describe(
    "The fewest deposits that count. With `deposits_to=1`, `1` are those who deposited once.",
  ),
  deposits_to: deposits.describe("The most deposits that count."),
  spend_from: spent.describe("The least that they spent, in USD, at the rates of the payments' dates: `spend_usd`."),
  spend_to: spent.describe("The most that they spent, in USD."),
  last_event_from: date.optional().describe("The earliest day of the last event, in the project's time zone."),
  last_event_to: date.optional().describe("The latest day of the last event, included."),
  sort: z
    .string()
    .regex(new RegExp(`^-?(?:${SORTABLE.join("|")})$`), `must be one of ${SORTABLE.join(", ")}, with - for descending`)
    .default("-last_event_at")
    .describe(
      `One of ${SORTABLE.join(", ")}, with - for descending. \`-last_event_at\` where absent. By \`spend_usd\` what has no rate counts as nothing.`,
    ),
});
type Query = z.output<typeof query>;

const row = z.object({
  player_id: text,
  first_seen: instant,
  last_event_at: instant,
  registration_at: instant.nullable(),
  deposit_at: instant.nullable(),
  total_events: whole,
  total_deposits: whole,
  spend_usd: money.describe("Purchases and deposits less refunds, at the rates of their dates."),
  spend: money
    .nullable()
    .exactOptional()
    .describe("With `currency`: the same in it; null where part of it has no rate into it."),
  ...given,
  segment: telling(z.enum(SEGMENT_NAMES)),
  first_tag: maybe.describe("The tag of the first tagged event."),
  last_tag: maybe.describe("The tag of the last tagged event."),
  registration_tag: maybe.describe("The tag that the registration counts for."),
  deposit_tag: maybe.describe("The tag that the first deposit counts for."),
});
type Row = z.output<typeof row>;
export type PlayerRow = Row;

/** The place of a row in the list: the value that the list is sorted by, and the person among equal values. */
const place = z.object({ value: z.union([z.string(), z.number()]), person: z.string() });
type Place = z.output<typeof place>;

/**
 * How many people are read at once to find those of a segment, and how often for one page: where few belong to the segment,
 * a page ends early.
 */
const LOOK = 2_000;
const LOOKS = 10;

/** A row of `players`; with spend where the query needs it. */
type Found = Player & Partial<Spent>;

const number = (text: string | undefined) => sql`CAST(${text} AS INTEGER)`;

/** The columns that a list is sorted by before the person, what a place keeps of them, and how it is read again. */
type Order = {
  columns: SQL[];
  keptOf(player: Found): string | number;
  valuesOf(kept: string | number): SQL[];
};
const byNumber = (name: "first_seen" | "last_event_at" | "total_deposits"): Order => ({
  columns: [sql.raw(name)],
  keptOf: (player) => player[name],
  valuesOf: (kept) => [sql`${kept}`],
});
const byTag = (name: "first_tag" | "last_tag"): Order => ({
  columns: [sql`ifnull(${sql.raw(name)}, '')`],
  keptOf: (player) => player[name] ?? "",
  valuesOf: (kept) => [sql`${kept}`],
});
const ORDERS: Record<Sortable, Order> = {
  player_id: { columns: [], keptOf: ({ person }) => person, valuesOf: () => [] },
  first_seen: byNumber("first_seen"),
  last_event_at: byNumber("last_event_at"),
  total_deposits: byNumber("total_deposits"),
  first_tag: byTag("first_tag"),
  last_tag: byTag("last_tag"),
  spend_usd: {
    columns: SPEND.map((name) => sql.raw(name)),
    keptOf: ({ spend_whole, spend_rest }) => `${spend_whole} ${spend_rest}`,
    valuesOf: (kept) => String(kept).split(" ").map(number),
  },
};

const sortedBy = (sort: string) => sort.replace(/^-/, "") as Sortable;

function sorting(sort: string) {
  const { columns, keptOf, valuesOf } = ORDERS[sortedBy(sort)];
  const descending = sort.startsWith("-");
  const direction = sql.raw(descending ? "DESC" : "ASC");
  const beyond = sql.raw(descending ? "<" : ">");
  const all = [...columns, sql`person`];
  return {
    order: sql.join(
      all.map((column) => sql`${column} ${direction}`),
      sql`, `,
    ),
    behind: ({ value, person }: Place) =>
      sql`AND (${sql.join(all, sql`, `)}) ${beyond} (${sql.join([...valuesOf(value), sql`${person}`], sql`, `)})`,
    placeOf: (player: Found): Place => ({ value: keptOf(player), person: player.person }),
  };
}

/** People whom one of these tags brought; `''` are people without a tag. */
function broughtBy(tags: string[] | null): SQL {
  if (tags === null) return sql``;
  const named = tags.filter((name) => name !== "");
  const ways = ["first_tag", "last_tag", "registration_tag", "deposit_tag"].map(
    (name) => sql`(true ${onlyTags(sql.raw(name), named)})`,
  );
  if (tags.includes("")) ways.push(sql`first_tag IS NULL`);
  return sql`AND (${sql.join(ways, sql` OR `)})`;
}

const within = (day: SQL, { from, to }: Query) =>
  sql`${from === undefined ? sql`` : sql`AND ${day} >= ${from}`} ${to === undefined ? sql`` : sql`AND ${day} <= ${to}`}`;

/** By the day and tag of a step, as the funnel does with `by=event_date`. */
function atStep(name: (typeof STEPS)[number], query: Query, tags: string[] | null): SQL {
  const step = FUNNEL_STEPS[STEPS.indexOf(name)];
  const day = sql.raw(`${step}_date`);
  return sql`AND ${day} IS NOT NULL ${onlyTags(sql.raw(`${step}_tag`), tags)} ${within(day, query)}`;
}

/** Those of these parameters that the query has. */
const givenOf = (query: Query, names: readonly (keyof Query)[]) => names.filter((name) => query[name] !== undefined);

/** The parameters of the query that need spend. */
const askingForSpend = (query: Query): (keyof Query)[] => [
  ...givenOf(query, ["spend_from", "spend_to"]),
  ...(sortedBy(query.sort) === "spend_usd" ? (["sort"] as const) : []),
];

/**
 * Deposits and spend are counted over all tags, and a player's tags may be other affiliates'. So keys that are limited to
 * tags cannot filter or sort by them.
 */
function onlyForAllTags(query: Query): void {
  const [field] = [
    ...givenOf(query, ["deposits_from", "deposits_to"]),
    ...askingForSpend(query),
    ...(["total_deposits", "first_tag", "last_tag"].includes(sortedBy(query.sort)) ? ["sort"] : []),
  ];
  if (field !== undefined)
    throw Problem.of(
      field,
      `${field} cannot ask for deposits, spend or an order of tags with a key that is limited to tags: all tags are in them`,
    );
}

/** As `spend_whole` and `spend_rest`. */
function exactly(usd: string): SQL {
  const units = BigInt(parseMoney(usd) ?? 0);
  const [whole, rest] = [units / BigInt(UNITS), (units % BigInt(UNITS)) * BigInt(RATE_UNITS)];
  return sql`(${number(String(whole))}, ${number(String(rest))})`;
}

/** By what they spent. */
function spending({ spend_from, spend_to }: Query): SQL {
  const spend = sql`(${sql.join(ORDERS.spend_usd.columns, sql`, `)})`;
  const least = spend_from === undefined ? sql`` : sql`AND ${spend} >= ${exactly(spend_from)}`;
  return spend_to === undefined ? least : sql`${least} AND ${spend} <= ${exactly(spend_to)}`;
}

/** By the number of deposits and the day of the last event. */
function activeAndPaying({ deposits_from, deposits_to, last_event_from, last_event_to }: Query, timezone: string) {
  const midnight = (day: string) => instantOf(timezone, Date.parse(`${day}T00:00:00Z`));
  return [
    deposits_from !== undefined && sql`AND total_deposits >= ${deposits_from}`,
    deposits_to !== undefined && sql`AND total_deposits <= ${deposits_to}`,
    last_event_from !== undefined && sql`AND last_event_at >= ${midnight(last_event_from)}`,
    last_event_to !== undefined && sql`AND last_event_at < ${midnight(addDays(last_event_to, 1))}`,
  ];
}

/**
 * `ownTags` are the tags that the asker is limited to: only people whom one of them brought are shown. `named` are people whom
 * `search` identifies by something else than their id.
 */
function chosen(query: Query, timezone: string, tags: string[] | null, ownTags: string[] | null, named: string[]): SQL {
  const { search, has_deposit, funnel_step } = query;
  const firstDay = sql`ifnull(first_date, ${FIRST_DATE})`;
  const conditions = [
    search && sql`AND (person >= ${search} AND person < ${`${search}\u{10FFFF}`} OR person ${among(named)})`,
    has_deposit && sql`AND deposit IS ${sql.raw(has_deposit === "true" ? "NOT NULL" : "NULL")}`,
    ...activeAndPaying(query, timezone),
    spending(query),
    ...(funnel_step
      ? [broughtBy(ownTags), atStep(funnel_step, query, tags)]
      : [broughtBy(tags), within(firstDay, query)]),
  ];
  return sql.join(
    conditions.filter((condition) => typeof condition === "object"),
    sql` `,
  );
}

/** Null where part of it has no rate. */
const wholly = ({ spend, unconverted, refunded_unconverted }: z.output<typeof convertedSpend>): string | null =>
  Object.keys({ ...unconverted, ...refunded_unconverted }).length > 0 ? null : spend;

/** The rows of these people, without those who are not of the segment. Under tags, their events are counted one by one. */
async function shown(
  db: Database,
  project_id: string,
  found: Player[],
  tags: string[] | null,
  into: string | null,
  segment: Row["segment"] | undefined,
): Promise<{ row: Row; player: Player }[]> {
  const spend = await spendBy(
    db,
    project_id,
    found.map(({ person }) => person),
    tags,
    into,
  );
  const chosen = found.filter(({ person }) => segment === undefined || spend(person).segment === segment);
  const people = chosen.map(({ person }) => person);
  const counted =
    tags === null
      ? chosen
      : await db.all<Pick<Player, "person" | "total_events" | "total_deposits">>(sql`
          ${doings(project_id, people, tags)}
          SELECT person, sum(total) AS total_events, ifnull(sum(total) FILTER (WHERE event_type = 'deposit'), 0) AS total_deposits
          FROM doings GROUP BY person`);
  const countedBy = new Map(counted.map((one) => [one.person, one]));
  return chosen.map((player) => {
    const { total_events = 0, total_deposits = 0 } = countedBy.get(player.person) ?? {};
    const { spend_usd, segment, converted } = spend(player.person);
    const row: Row = {
      player_id: player.person,
      first_seen: iso(player.first_seen),
      last_event_at: iso(player.last_event_at),
      registration_at: iso(player.registration_at),
      deposit_at: iso(player.deposit_at),
      total_events,
      total_deposits,
      spend_usd,
      ...(into !== null && converted && { spend: wholly(converted), currency: into }),
      segment,
      ...tagsOf(player, tags),
    };
    return { row, player };
  });
}

export const players = report({
  id: "listPlayers",
  path: "/players",
  summary: "The players, by id, tag, segment, deposits, spend, first day or last event",
  description:
    "`from` and `to` are of the first day; `banner_tag` is the first or last tag, or that of the registration or first " +
    "deposit; fields are those of the first event. With `funnel_step` dates and tags are of the step, as `/funnel` counts by `event_date`; visitors who are no " +
    "players are in those figures, and not here. A page may have fewer rows than `limit`: the list ends where `next_cursor` is null.",
  role: "analyst",
  amountsIn: (query) => (query.segment === undefined ? askingForSpend(query)[0] : "segment"),
  query,
  answer: listOf(row).meta({ id: "Players" }),
  holds: "A row a player.",
  tries: [
    "search=player-4&sort=player_id&limit=1",
    "segment=free&has_deposit=true&currency=project",
    "banner_tag=summer&from=2026-01-01",
    "funnel_step=first_deposit&from=2026-01-01",
    "country=MT&device=mobile",
    "deposits_from=1&deposits_to=1&last_event_to=2026-06-01&sort=-total_deposits",
    "spend_from=5&spend_to=100.50&sort=-spend_usd",
  ],
  byFirstEvent: true,
  reads: "now",
  async read({ env, db, project, principal, tags, firstEvent, query }) {
    const { project_id, timezone } = project;
    if (principal.banner_tags !== null) onlyForAllTags(query);
    const into = codeOf(project, query);
    const { order, behind, placeOf } = sorting(query.sort);
    const ownTags = principal.banner_tags;
    const named = query.search === undefined ? [] : await namedBy(db, project_id, query.search, ownTags);
    const where = sql`project_id = ${project_id} AND person >= ' ' ${onlyFirstEvent("players", firstEvent)} ${chosen(query, timezone, tags, ownTags, named)}`;
    const look = async (after: Place | null, limit: number) => {
      const rest = sql`WHERE ${where} ${after === null ? sql`` : behind(after)} ORDER BY ${order} LIMIT ${limit + 1}`;
      const found = await (askingForSpend(query).length === 0
        ? db.all<Found>(sql`SELECT * FROM players ${rest}`)
        : spenders(env, db, project_id, rest));
      const page = pageOf(found, limit, placeOf);
      const rows = await shown(db, project_id, page.rows, principal.banner_tags, into, query.segment);
      return { next: page.next, found: rows.map(({ row, player }) => ({ row, place: placeOf(player) })) };
    };
    return list(
      { env, project, query },
      Object.keys(row.shape).filter((name) =>
        into === null ? name !== "spend" && name !== "currency" : name !== "spend_usd",
      ),
      place,
      async (after, limit): Promise<Page<Row, Place>> => {
        const { segment } = query;
        const rows: Row[] = [];
        let next = after;
        for (let looks = 0; looks < LOOKS && rows.length < limit && (looks === 0 || hasRoom(env)); looks++) {
          const page = await look(next, segment === undefined ? limit : LOOK);
          const taken = page.found.slice(0, limit - rows.length);
          rows.push(...taken.map(({ row }) => row));
          next = taken.length < page.found.length ? (taken.at(-1)?.place ?? null) : page.next;
          if (next === null) break;
        }
        return { rows, next };
      },
    );
  },
});
