/** Reads the counts in which anomalies are looked for, from rows of days; `../anomalies/sources.ts` does so from the tables. */
import { cellsOf, type Divided } from "../../figures/cells.ts";
import { stepOf } from "../../figures/counters/funnel.ts";
import { type Days, type DaysAsked, type DayTexts, entriesOf, readDayTexts } from "../../figures/day-texts.ts";
import { compareText } from "../../figures/text-order.ts";
import { FUNNEL_STEPS } from "../../projections/players.ts";
import { daySoFarBy, daysLikeToday, type PartOfDay } from "../anomalies/day-so-far.ts";
import { type Counted, FIRST_DEPOSIT, LEAST } from "../anomalies/series.ts";
import { MOST_TAGS, type Watch, type Window } from "../anomalies/sources.ts";
import { type DaysScope, together } from "./scope.ts";

const FIRST_DEPOSIT_STEP = FUNNEL_STEPS.indexOf("deposit");
const byTagAnd = (hourly: boolean): Divided => ({ hourly, types: null, dimension: "banner_tag", value: null });

/** Distinct events by type, tag and day. */
type Totals = Map<string, Map<string, Map<string, number>>>;

function totalsIn({ words, rows }: Days<"cells">): Totals {
  const totals: Totals = new Map();
  for (const { tag, event_date, cells } of rows)
    for (const { event_type, value, events } of cellsOf({ tag, event_date, text: cells }, byTagAnd(false), words)) {
      const ofType = totals.get(event_type) ?? new Map<string, Map<string, number>>();
      const ofTag = ofType.get(value) ?? new Map<string, number>();
      totals.set(event_type, ofType.set(value, ofTag.set(event_date, events)));
    }
  return totals;
}

const sumOf = (byDay: ReadonlyMap<string, number>) => [...byDay.values()].reduce((all, total) => all + total, 0);

/** All tags that have events: first the requested ones, then those with the most events. */
function tagsIn(totals: Totals, asked: ReadonlySet<string>): string[] {
  const events = new Map<string, number>();
  for (const ofType of totals.values())
    for (const [tag, byDay] of ofType) events.set(tag, (events.get(tag) ?? 0) + sumOf(byDay));
  events.delete("");
  return [...events]
    .sort(
      ([one, before], [other, behind]) =>
        Number(asked.has(other)) - Number(asked.has(one)) || behind - before || compareText(one, other),
    )
    .map(([tag]) => tag);
}

/** Adds up numbers by tag and day. All tags that are not watched are together under `''`. */
class ByTag {
  readonly #tags = new Map<string, Record<string, number>>();

  readonly #watched: ReadonlySet<string>;

  constructor(watched: ReadonlySet<string>) {
    this.#watched = watched;
  }

  add(tag: string, event_date: string, number: number): void {
    const name = this.#watched.has(tag) ? tag : "";
    const days = this.#tags.get(name) ?? {};
    days[event_date] = (days[event_date] ?? 0) + number;
    this.#tags.set(name, days);
  }

  counted(event_type: string): Counted[] {
    return [...this.#tags]
      .sort(([one], [other]) => compareText(one, other))
      .map(([banner_tag, totals]) => ({ event_type, banner_tag, totals }));
  }
}

function eventsIn(totals: Totals, watched: ReadonlySet<string>): Counted[] {
  const types = [...totals].sort(([one], [other]) => compareText(one, other));
  return types.flatMap(([event_type, ofType]) => {
    const found = new ByTag(watched);
    for (const [tag, byDay] of ofType) for (const [date, events] of byDay) found.add(tag, date, events);
    return found.counted(event_type);
  });
}

/** How many people deposited for the first time on the day of a row. */
function firstDepositsOn({ life }: DayTexts<"life">): number {
  let people = 0;
  for (const { line, sums } of entriesOf(life, "funnel")) {
    const { step, visit_date } = stepOf(line);
    if (step === FIRST_DEPOSIT_STEP && visit_date === 0) people += sums[0];
  }
  return people;
}

/** `tags` has the rows of tags with a separate series; the other tags together have the rest of `all`. */
function firstDeposits(all: Days<"life">, tags: Days<"life">, watched: ReadonlySet<string>): Counted[] {
  const found = new ByTag(watched);
  const left = new Map(all.rows.map((row) => [row.event_date, firstDepositsOn(row)]));
  for (const row of tags.rows) {
    const people = firstDepositsOn(row);
    if (people === 0) continue;
    found.add(row.tag ?? "", row.event_date, people);
    left.set(row.event_date, (left.get(row.event_date) ?? 0) - people);
  }
  for (const [date, people] of left) if (people > 0) found.add("", date, people);
  return found.counted(FIRST_DEPOSIT);
}

function partsOfDays({ words, rows }: Days<"hours">, hour: number, watched: ReadonlySet<string>): PartOfDay[] {
  return rows.flatMap(({ tag, event_date, hours }) =>
    cellsOf({ tag, event_date, text: hours }, byTagAnd(true), words).map(
      ({ event_type, event_hour, value, events }) => ({
        ...{ event_date, event_type, total: events },
        banner_tag: watched.has(value) ? value : "",
        early: event_hour !== null && event_hour < hour ? events : 0,
      }),
    ),
  );
}

/** Two database calls. If the figures begin within the window, the days before count as days without events. */
export async function watchFromDays(
  db: D1Database,
  scope: DaysScope,
  { from: first, to, hour }: Window,
  asked: readonly string[] | null,
): Promise<Watch> {
  const from = scope.since !== null && scope.since > first ? scope.since : first;
  const wanted = together(scope);
  const cells = { from, to, wanted, columns: ["cells"] } as const satisfies DaysAsked<"cells">;
  const life = { from, to, wanted, columns: ["life"] } as const satisfies DaysAsked<"life">;
  const like = (date: string) =>
    ({ from: date, to: date, wanted, columns: ["hours"] }) as const satisfies DaysAsked<"hours">;
  const [before, week] = daysLikeToday(to);
  const [days, all, ...hours] = await readDayTexts(db, scope, [cells, life, like(before), like(week)]);
  const totals = totalsIn(days);
  const tags = tagsIn(totals, new Set(asked));
  const watched = new Set(tags.slice(0, MOST_TAGS));
  // A tag with fewer deposits gets no series of first deposits.
  const deposits = [...(totals.get("deposit") ?? [])].filter(
    ([tag, byDay]) => watched.has(tag) && sumOf(byDay) >= LEAST,
  );
  const lifeOfDepositing = { ...life, wanted: deposits.map(([tag]) => tag) } as const satisfies DaysAsked<"life">;
  const [depositing] = await readDayTexts(db, scope, [lifeOfDepositing]);
  return {
    counted: [...eventsIn(totals, watched), ...firstDeposits(all, depositing, watched)],
    soFar: hour === null ? null : daySoFarBy(hours.flatMap((one) => partsOfDays(one, hour, watched))),
    left_out: Math.max(0, tags.length - MOST_TAGS),
  };
}
