/** What affiliates earn: applies the rules to one event after the other; DuckDB gives each event's person and tag. */
import { CLICK_RULES, type GoldenRule, type GoldenTerms, PAYOUT_RULES } from "../payout-rules.ts";
import { END } from "../projects.ts";
import { type Ask, head, type Report } from "./ask.ts";
import { decimal, halfEven } from "./money.ts";

const DAY = 86_400_000;
/** 1e-12 of a currency. */
const UNIT = 100_000_000n;
const PAGE = 1_000_000;

type Happened = {
  event_id: string;
  event_type: string;
  event_date: string;
  timestamp: number;
  person: string;
  banner_tag: string;
  amount: number | null;
  currency: string | null;
  first: boolean;
  click_at: number | null;
  rates: [string, string | null][] | null;
};
type Status = "pending" | "approved" | "refunded";
type Judged = Happened & {
  status: Status;
  rule: GoldenRule<GoldenTerms> & { terms: GoldenTerms; version: number };
  payout: bigint | null;
  reason: string;
  hold_until: number | null;
};
type Share = {
  banner_tag: string;
  rule: Judged["rule"];
  month: string;
  net: bigint;
  unknown: number;
  counted: { number: number; exact: bigint };
};

type Earned = { judged: Judged[]; shares: Share[] };

async function happened({ select }: Ask): Promise<Happened[]> {
  const rows = await select(`
    WITH firsts AS (
      SELECT person, arg_min(event_id, (timestamp, event_id)) AS first_id FROM events
      WHERE project_id = $project AND event_type = 'deposit' GROUP BY person
    ), visits AS (
      SELECT person AS by_person, own_tag AS of_tag, timestamp AS click_at FROM events
      WHERE project_id = $project AND event_type = 'visit' AND own_tag IS NOT NULL
    ), rates_of AS (
      SELECT event_date, list([currency, rate::VARCHAR]) AS rates FROM in_force GROUP BY event_date
    ), mine AS (
      SELECT * FROM events WHERE project_id = $project AND banner_tag <> ''
        AND event_type IN ('registration', 'deposit', 'withdrawal', 'refund')
    )
    SELECT e.event_id, e.event_type, e.event_date, e.timestamp, e.person, e.banner_tag, e.amount, e.currency,
      e.event_type = 'deposit' AND e.event_id = f.first_id AS first, v.click_at, r.rates
    FROM mine e ASOF LEFT JOIN visits v ON e.person = v.by_person AND e.banner_tag = v.of_tag AND e.timestamp >= v.click_at
      LEFT JOIN firsts f ON f.person = e.person LEFT JOIN rates_of r ON r.event_date = e.event_date
    ORDER BY e.event_date, e.timestamp, e.event_id LIMIT ${PAGE}`);
  return rows as unknown as Happened[];
}

/** The last version of each rule for the day, the newest rule first. */
function fitting<Terms>(rules: readonly GoldenRule<Terms>[], tag: string, day: string) {
  const ids = [...new Set(rules.map(({ id }) => id))].sort().reverse();
  return ids.flatMap((id) => {
    const own = rules.filter((rule) => rule.id === id);
    const at = own.findLastIndex(({ valid_from }) => valid_from <= day);
    const rule = own[at];
    if (!rule?.terms || (rule.banner_tags !== null && !rule.banner_tags.includes(tag))) return [];
    return [{ ...rule, terms: rule.terms, version: at + 1 }];
  });
}

function isFlagged(event: Happened, before: readonly Happened[], rules: typeof CLICK_RULES): boolean {
  return fitting(rules, event.banner_tag, event.event_date).some(({ terms }) => {
    const { kind, seconds, conversions, event_type } = terms;
    if (event_type !== null && event_type !== event.event_type) return false;
    const since = event.click_at === null ? null : event.timestamp - event.click_at;
    if (kind === "too_fast") return since !== null && since < seconds * 1_000;
    // Times are compared in whole seconds.
    if (kind === "too_late") return since !== null && Math.floor(since / 1_000) > seconds;
    let found = 0;
    for (let at = before.length - 1; at >= 0; at--) {
      const other = before[at] as Happened;
      if (other.timestamp <= event.timestamp - seconds * 1_000) break;
      if (other.event_type !== event.event_type) continue;
      // All are from one network, those from servers by their click's.
      if (kind === "velocity" || (other.person !== event.person && other.click_at !== null)) found++;
    }
    if (kind === "velocity") return found + 1 > (conversions as number);
    return event.click_at !== null && found >= (conversions as number);
  });
}

function worthOf({ amount, currency, rates }: Happened, into: string): bigint | null {
  if (amount === null || currency === null) return 0n;
  if (currency === into) return BigInt(amount) * UNIT;
  const rate = (of: string) => (of === "USD" ? "100000000" : rates?.find(([name]) => name === of)?.[1]);
  const [from, to] = [rate(currency), rate(into)];
  return from && to ? halfEven(BigInt(amount) * BigInt(from) * UNIT, BigInt(to)) : null;
}

function tierOf({ tiers, tiers_by }: GoldenTerms, number: number, exact: bigint) {
  return tiers.findLast(({ from }) => (tiers_by === "number" ? number >= from : exact >= BigInt(from) * UNIT));
}

async function earned(ask: Ask): Promise<Earned> {
  const { project, changes, kept } = ask;
  const key = JSON.stringify(["earned", project.project_id, changes]);
  const found = kept.get(key) as Earned | undefined;
  if (found) return found;
  const inForce = <Terms>(rules: readonly GoldenRule<Terms>[]) =>
    rules.filter(({ later }) => later === undefined || changes !== null);
  const [rules, clickRules] = [inForce(PAYOUT_RULES), inForce(CLICK_RULES)];
  const judged: Judged[] = [];
  const shares: Share[] = [];
  const tags = Map.groupBy(await happened(ask), ({ banner_tag }) => banner_tag);
  for (const [banner_tag, all] of tags) {
    const counts = new Map<string, { number: number; exact: bigint; days: Map<string, number> }>();
    const before: Happened[] = [];
    for (const came of all) {
      const own = (changes ?? []).filter(
        ({ project_id, event_id }) => project_id === project.project_id && event_id === came.event_id,
      );
      const corrected = own.findLast(({ amount }) => amount !== null);
      const event = corrected ? { ...came, amount: corrected.amount, currency: corrected.currency } : came;
      const decided = own.findLast(({ status }) => status !== null)?.status ?? null;
      const month = event.event_date.slice(0, 7);
      const paying = fitting(rules, banner_tag, event.event_date);
      const ordered = [...paying.filter((one) => one.banner_tags), ...paying.filter((one) => !one.banner_tags)];
      const rule = ordered.find(({ terms }) => terms.event_type === event.event_type);
      const flagged = rule !== undefined && isFlagged(event, before, clickRules);
      before.push(event);
      const isOut = decided === "refunded" || (flagged && decided !== "approved");
      const countOf = (id: string) => {
        const count = counts.get(`${id} ${month}`) ?? { number: 0, exact: 0n, days: new Map<string, number>() };
        counts.set(`${id} ${month}`, count);
        return count;
      };
      const sharing = ordered.find(
        ({ terms }) => terms.share !== null || terms.tiers.some(({ share }) => share !== null),
      );
      if (sharing && event.event_type !== "registration" && event.amount !== null && !isOut) {
        const worth = worthOf(event, sharing.terms.currency);
        let share = shares.find(
          (one) =>
            one.banner_tag === banner_tag &&
            one.month === month &&
            one.rule.id === sharing.id &&
            one.rule.version === sharing.version,
        );
        if (!share) {
          share = { banner_tag, rule: sharing, month, net: 0n, unknown: 0, counted: countOf(sharing.id) };
          shares.push(share);
        }
        if (worth === null) share.unknown++;
        else share.net += event.event_type === "deposit" ? worth : -worth;
      }
      if (!rule) continue;
      const { terms } = rule;
      const hold_until = terms.hold_days === null || flagged ? null : event.timestamp + terms.hold_days * DAY;
      const status: Status = decided ?? (hold_until !== null && hold_until <= END ? "approved" : "pending");
      const say = (payout: bigint | null, reason: string) =>
        judged.push({ ...event, status, rule, payout, reason, hold_until });
      const needs = terms.min_amount !== null || terms.tiers_by === "sum";
      const worth = needs ? worthOf(event, terms.currency) : 0n;
      const count = countOf(rule.id);
      const today = count.days.get(event.event_date) ?? 0;
      if (decided === "refunded") say(0n, "void");
      else if (isOut) say(0n, "flagged");
      else if (terms.first_deposit && !event.first) say(0n, "not_first");
      else if (terms.min_amount !== null && event.amount === null) say(0n, "no_amount");
      else if (worth === null) say(null, "no_rate");
      else if (terms.min_amount !== null && worth < BigInt(terms.min_amount) * UNIT) say(0n, "below_min");
      else if (terms.cap_month !== null && count.number >= terms.cap_month) say(0n, "cap_month");
      else if (terms.cap_day !== null && today >= terms.cap_day) say(0n, "cap_day");
      else {
        count.number++;
        count.exact += worth;
        count.days.set(event.event_date, today + 1);
        say(BigInt(tierOf(terms, count.number, count.exact)?.amount ?? terms.amount ?? 0), "paid");
      }
    }
  }
  kept.set(key, { judged, shares });
  return { judged, shares };
}

const iso = (at: number) => new Date(at).toISOString();
const shown = (one: Judged) => ({
  event_id: one.event_id,
  event_date: one.event_date,
  timestamp: iso(one.timestamp),
  event_type: one.event_type,
  banner_tag: one.banner_tag,
  status: one.status,
  amount: one.amount === null ? null : decimal(BigInt(one.amount)),
  currency: one.currency,
  payout: one.payout === null ? null : decimal(one.payout),
  payout_currency: one.rule.terms.currency,
  rule_id: one.rule.id,
  rule_version: one.rule.version,
  rule: one.rule.name,
  reason: one.reason,
  approved_at: one.hold_until === null ? null : iso(one.hold_until),
});

export const conversions: Report = async (ask) => {
  const { judged } = await earned(ask);
  const { project, rest, tags, period, query } = ask;
  const [event_id] = rest;
  const asked = judged.filter(({ banner_tag }) => tags === null || tags.includes(banner_tag));
  if (event_id !== undefined) {
    const one = asked.find((other) => other.event_id === event_id);
    return one ? { ...shown(one), history: [] } : null;
  }
  const order = (one: Judged) => `${one.event_date} ${String(one.timestamp).padStart(15, "0")} ${one.event_id}`;
  const rows = asked
    .filter(({ event_date }) => event_date >= period.from && event_date <= period.to)
    .filter((one) =>
      (["status", "reason", "event_type"] as const).every((name) => !query.has(name) || query.get(name) === one[name]),
    )
    .sort((a, b) => (order(a) < order(b) ? 1 : -1))
    .map(shown);
  return { project_id: project.project_id, complete: true, rows, next_cursor: null };
};

const text = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

export const statements: Report = async (ask) => {
  const { judged, shares } = await earned(ask);
  const { project, tags, query } = ask;
  const month = query.get("month") as string;
  const isAsked = ({ banner_tag }: { banner_tag: string }) => tags === null || tags.includes(banner_tag);
  const own = judged.filter(
    (one) => isAsked(one) && one.event_date.startsWith(month) && ["paid", "no_rate", "void"].includes(one.reason),
  );
  const groups = Map.groupBy(own, (one) =>
    JSON.stringify([one.banner_tag, one.rule.id, one.event_type, one.status, one.rule.terms.currency]),
  );
  const lines = [...groups]
    .sort(([a], [b]) => {
      const [one, other] = [JSON.parse(a) as string[], JSON.parse(b) as string[]];
      const at = one.findIndex((part, index) => part !== other[index]);
      return text(one[at] as string, other[at] as string);
    })
    .map(([, some]) => {
      const [first] = some as [Judged, ...Judged[]];
      const newest = some.reduce((last, one) => (one.rule.version > last.rule.version ? one : last));
      return {
        banner_tag: first.banner_tag,
        kind: "conversions",
        rule_id: first.rule.id,
        rule: newest.rule.name,
        event_type: first.event_type as string | null,
        status: first.status as string,
        of_month: null,
        conversions: some.length,
        currency: first.rule.terms.currency,
        payout: decimal(some.reduce((sum, { payout }) => sum + (payout ?? 0n), 0n)) as string | null,
        without_rate: some.filter(({ payout }) => payout === null).length,
      };
    });
  const today = new Intl.DateTimeFormat("sv-SE", { timeZone: project.timezone }).format(END);
  const [year, number] = month.split("-").map(Number) as [number, number];
  for (const { banner_tag, rule, net, unknown, counted } of shares.filter(
    (one) => isAsked(one) && one.month === month,
  )) {
    const tier = tierOf(rule.terms, counted.number, counted.exact);
    const share = tier?.share ?? rule.terms.share ?? 0;
    const over = new Date(Date.UTC(year, number, 0) + (rule.terms.hold_days ?? 0) * DAY).toISOString().slice(0, 10);
    lines.push({
      banner_tag,
      kind: "share",
      rule_id: rule.id,
      rule: rule.name,
      event_type: null,
      status: over < today ? "approved" : "pending",
      of_month: null,
      conversions: 0,
      currency: rule.terms.currency,
      payout: unknown > 0 ? null : decimal(net > 0n ? halfEven(net * BigInt(share), UNIT * 1_000_000n) : 0n),
      without_rate: unknown,
    });
  }
  const rows = lines.toSorted((a, b) => text(a.banner_tag, b.banner_tag));
  const units = (money: string) => BigInt(money.replace(/\.(\d+)$/, (_, part: string) => part.padEnd(4, "0")));
  const sums = Map.groupBy(rows, ({ banner_tag, currency }) => JSON.stringify([banner_tag, currency]));
  const sum = (some: typeof rows, status: string) =>
    decimal(
      some.reduce((all, one) => all + (one.status === status && one.payout !== null ? units(one.payout) : 0n), 0n),
    );
  const totals = [...sums]
    .map(([key, some]) => {
      const [banner_tag, currency] = JSON.parse(key) as [string, string];
      const open = some.filter(({ status }) => status !== "refunded");
      const without_rate = open.reduce((all, one) => all + one.without_rate, 0);
      return { banner_tag, currency, approved: sum(some, "approved"), pending: sum(some, "pending"), without_rate };
    })
    .sort((a, b) => text(a.banner_tag, b.banner_tag) || text(a.currency, b.currency));
  return { ...head(project), month, closed_at: null, closed_by: null, complete: true, totals, rows };
};
