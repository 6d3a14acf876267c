/**
 * The figures as SPEC defines them, counted naively in memory from the events in the order in which the log stored them.
 * It shares no code with the projections.
 */
import type { StoredEvent } from "../../worker/event.ts";

export type Table = Record<string, Record<string, unknown>>;
export const TABLES_OF_FIGURES = [
  "daily_metrics",
  "event_summary",
  "money_summary",
  "activity",
  "players",
  "funnel",
  "player_days",
  "returns",
  "retention",
  "depositors",
  "payments",
] as const;
export type Figures = Record<(typeof TABLES_OF_FIGURES)[number], Table>;

const DAY = 86_400_000;

/**
 * The events that the log stores: an id once among trusted events and once among others, separately for tests and bots. Of
 * an id the trusted event counts; of a transaction the first trusted one, or else the first. The others are duplicates.
 */
export function kept(sent: StoredEvent[]): { event: StoredEvent; duplicate: boolean }[] {
  const canCount = (event: StoredEvent) => event.test === 0 && event.bot === null;
  const ids = new Set<string>();
  const log = sent.filter((event) => {
    const key = JSON.stringify([event.event_id, event.trusted, canCount(event)]);
    return !ids.has(key) && ids.add(key);
  });
  const vouched = log.filter((event) => canCount(event) && event.trusted === 1);
  const open = log.filter((event) => canCount(event) && event.trusted === 0);
  const holderOf = ({ event_type, transaction_id }: StoredEvent) =>
    [...vouched, ...open].find((one) => one.event_type === event_type && one.transaction_id === transaction_id);
  return log.map((event) => {
    const repeatsId = event.trusted === 0 && vouched.some((one) => one.event_id === event.event_id);
    const holder = event.transaction_id === null ? event : holderOf(event);
    return { event, duplicate: repeatsId || (holder !== undefined && holder !== event) };
  });
}

/** Whether an event that counts for a tag matches a filter. */
export type Fits = (event: StoredEvent, tag: string) => boolean;

const compare = (one: string | number, other: string | number) => (one < other ? -1 : one > other ? 1 : 0);
const RANKS = ["visit", "registration", "deposit"];
const rankOf = ({ event_type }: StoredEvent) => (RANKS.includes(event_type) ? RANKS.indexOf(event_type) : RANKS.length);

/** The counted events, each with its person and tag. */
export function understood(sent: StoredEvent[], attributionDays: number) {
  const counted = kept(sent)
    .filter(({ event, duplicate }) => !duplicate && event.test === 0 && event.bot === null)
    .map(({ event }) => event);
  const order = (event: StoredEvent) =>
    `${String(event.timestamp).padStart(15, "0")} ${event.event_id} ${1 - event.trusted}`;
  const byTime = (events: StoredEvent[]) => events.toSorted((a, b) => (order(a) < order(b) ? -1 : 1));
  const inTime = byTime(counted);

  const playerOf = new Map<string, string>();
  // A duplicate also links a visitor to a player.
  const people = kept(sent).map(({ event }) => event);
  for (const event of byTime(people.filter((event) => event.test === 0 && event.bot === null))) {
    if (event.player_id !== null && event.visitor_id !== null && !playerOf.has(event.visitor_id)) {
      playerOf.set(event.visitor_id, event.player_id);
    }
  }
  const personOf = (event: StoredEvent) =>
    event.player_id ?? playerOf.get(event.visitor_id as string) ?? `\u001f${event.visitor_id}`;
  const tags = new Map<StoredEvent, string>();
  const tagOf = (event: StoredEvent): string => {
    const known = tags.get(event) ?? foundTag(event);
    tags.set(event, known);
    return known;
  };
  const foundTag = (event: StoredEvent) => {
    if (event.banner_tag !== null) return event.banner_tag;
    const touches = inTime.filter(
      (other) =>
        other.banner_tag !== null &&
        personOf(other) === personOf(event) &&
        other.timestamp <= event.timestamp &&
        other.timestamp > event.timestamp - attributionDays * DAY,
    );
    return touches.at(-1)?.banner_tag ?? "";
  };
  /** By time; simultaneous events by tag, and then by the order of the funnel. */
  const ordered = (events: StoredEvent[]) =>
    events.toSorted(
      (one, other) =>
        one.timestamp - other.timestamp ||
        compare(tagOf(one), tagOf(other)) ||
        rankOf(one) - rankOf(other) ||
        compare(one.event_id, other.event_id),
    );
  return { counted, personOf, tagOf, ordered };
}

/** For each person, whether the first event, the first visit and the first deposit match. */
export type Fitting = Map<string, { first: boolean; visit: boolean; deposit: boolean }>;

export function fittingOf(sent: StoredEvent[], attributionDays: number, fits: Fits): Fitting {
  const { counted, personOf, tagOf, ordered } = understood(sent, attributionDays);
  const fitting: Fitting = new Map();
  for (const [person, own] of Map.groupBy(counted, personOf)) {
    const does = (events: StoredEvent[]) =>
      ordered(events)
        .slice(0, 1)
        .some((event) => fits(event, tagOf(event)));
    fitting.set(person, {
      first: does(own),
      visit: does(own.filter(({ event_type }) => event_type === "visit")),
      deposit: does(own.filter(({ event_type }) => event_type === "deposit")),
    });
  }
  return fitting;
}

const ofFirst = ({ timestamp, country, device, app_id, platform }: StoredEvent) =>
  `${String(timestamp).padStart(15, "0")} ${JSON.stringify([country, device, app_id, platform].map((value) => value ?? ""))}`;

/** The figures of all events, or of those that match; `players` and `player_days` always cover all events of people. */
export function figuresOf(sent: StoredEvent[], attributionDays: number, fits: Fits = () => true): Figures {
  const { counted, personOf, tagOf, ordered } = understood(sent, attributionDays);
  const figures = Object.fromEntries(TABLES_OF_FIGURES.map((table) => [table, {}])) as Figures;
  const seen = new Set<string>();
  const bump = (table: Table, key: unknown[], by: Record<string, number>) => {
    const name = JSON.stringify(key);
    table[name] ??= {};
    const row = table[name];
    for (const [column, value] of Object.entries(by)) row[column] = ((row[column] as number) ?? 0) + value;
  };
  const first = (...key: unknown[]) => {
    const name = JSON.stringify(key);
    if (seen.has(name)) return 0;
    seen.add(name);
    return 1;
  };
  for (const event of counted) {
    const { event_date, event_type } = event;
    const person = personOf(event);
    const tag = tagOf(event);
    if (!fits(event, tag)) continue;
    bump(figures.daily_metrics, [event_date, event_type], {
      count: first("day", event_date, event_type, person),
      total: 1,
    });
    bump(figures.event_summary, [event_date, event_type, tag], {
      count: first("tag", event_date, event_type, tag, person),
      total: 1,
    });
    if (event.amount !== null) {
      bump(figures.money_summary, [event_date, event_type, tag, event.currency], {
        total: 1,
        whole: Math.floor(event.amount / 10_000),
        fraction: event.amount % 10_000,
      });
    }
    if (event.amount !== null && ["purchase", "deposit", "refund", "withdrawal"].includes(event_type)) {
      const { app_id, platform, currency, amount } = event;
      const payment = [event_date, event_type, person, event.event_hour, app_id ?? "", platform ?? "", tag, currency];
      bump(figures.payments, payment, { total: 1, whole: Math.floor(amount / 10_000), fraction: amount % 10_000 });
    }
    const what = [
      event_date,
      event_type,
      person,
      event.event_hour,
      tag,
      event.country ?? "",
      event.device ?? "",
      event.app_id ?? "",
    ];
    bump(figures.activity, what, { total: 1 });
  }
  for (const [person, own] of Map.groupBy(counted, personOf)) {
    const milestones = (chosen: StoredEvent[], tag: (event: StoredEvent) => string | null = tagOf) =>
      ordered(chosen).map((event) => `${String(event.timestamp).padStart(15, "0")} ${event.event_date} ${tag(event)}`);
    const eventsOf = (type: string) => ordered(own.filter((event) => event.event_type === type));
    const ofType = (type: string) => milestones(eventsOf(type));
    const doesFit = (event: StoredEvent | undefined) => event !== undefined && fits(event, tagOf(event));
    const touches = milestones(
      own.filter((event) => event.banner_tag !== null),
      (event) => event.banner_tag,
    );
    figures.players[JSON.stringify([person])] = {
      player_id: person.startsWith("\u001f") ? null : person,
      first_seen: Math.min(...own.map((event) => event.timestamp)),
      last_event_at: Math.max(...own.map((event) => event.timestamp)),
      total_events: own.length,
      total_deposits: ofType("deposit").length,
      first_date: own.map((event) => event.event_date).sort()[0] ?? null,
      first_event: own.map(ofFirst).sort()[0] ?? null,
      first_touch: touches[0] ?? null,
      last_touch: touches.at(-1) ?? null,
      visit: ofType("visit")[0] ?? null,
      registration: ofType("registration")[0] ?? null,
      deposit: ofType("deposit")[0] ?? null,
      second_deposit: ofType("deposit")[1] ?? null,
      third_deposit: ofType("deposit")[2] ?? null,
    };

    const [visit, registration, deposit, second] = [
      ofType("visit")[0],
      ofType("registration")[0],
      ofType("deposit")[0],
      ofType("deposit")[1],
    ];
    const at = (milestone: string) => Number(milestone.slice(0, 15));
    const takes = (anchor: string, milestone: string, step: number, elapsed: number) =>
      bump(figures.funnel, [anchor, milestone.slice(16, 26), step, milestone.slice(27), elapsed], { people: 1 });
    const steps = [visit, registration, deposit, second];
    const [firstVisit] = eventsOf("visit");
    const [firstDeposit, secondDeposit] = eventsOf("deposit");
    const stepEvents = [firstVisit, eventsOf("registration")[0], firstDeposit, secondDeposit];
    let behind = visit !== undefined;
    for (const [step, milestone] of steps.entries()) {
      const before = steps[step - 1];
      const elapsed =
        milestone !== undefined && before !== undefined && at(milestone) >= at(before)
          ? at(milestone) - at(before)
          : -1;
      if (milestone !== undefined && doesFit(stepEvents[step])) takes("event", milestone, step, elapsed);
      behind &&= milestone !== undefined && (step === 0 || elapsed >= 0);
      if (behind && doesFit(firstVisit)) takes("visit", visit as string, step, elapsed);
    }

    for (const event of own) {
      const key = [person, event.event_date, event.event_type, event.app_id ?? "", tagOf(event)];
      bump(figures.player_days, key, { total: 1 });
      const row = figures.player_days[JSON.stringify(key)] as { first_at?: number };
      row.first_at = Math.min(row.first_at ?? Number.POSITIVE_INFINITY, event.timestamp);
    }
    const fittingOnes = own.filter(doesFit);
    for (const [tag, chosen] of [...Map.groupBy(fittingOnes, tagOf), ["\u001fall", fittingOnes] as const]) {
      const days = [...new Set(chosen.map((event) => event.event_date))].sort();
      for (const [index, day] of days.entries())
        bump(figures.returns, [tag, day, days[index - 1] ?? ""], { people: 1 });
    }
    const deposits = fittingOnes.filter((event) => event.event_type === "deposit");
    for (const [tag, chosen] of [...Map.groupBy(deposits, tagOf), ["\u001fall", deposits] as const]) {
      const days = [...new Set(chosen.map((event) => event.event_date))].sort();
      for (const [index, day] of days.entries()) {
        const ever = deposit?.slice(16, 26);
        const isFirst = day === ever && doesFit(firstDeposit) && (tag === "\u001fall" || tag === deposit?.slice(27));
        const registered = isFirst ? registration?.slice(16, 26) : undefined;
        const key = [day, tag, days[index - 1] ?? "", index === 0 ? ever : "", isFirst ? 1 : 0, registered ?? ""];
        bump(figures.depositors, key, { people: 1 });
      }
    }
    const active = new Set(own.map((event) => event.event_date));
    const [cohort = ""] = [...active].sort();
    const [first] = ordered(own);
    if (!first || !doesFit(first)) continue;
    for (const day of [0, 1, 3, 7, 14, 30, 60, 90]) {
      const then = new Date(Date.parse(cohort) + day * DAY).toISOString().slice(0, 10);
      if (active.has(then)) bump(figures.retention, [cohort, tagOf(first), day], { people: 1 });
    }
  }
  return figures;
}
