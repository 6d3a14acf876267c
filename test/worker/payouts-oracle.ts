/** What affiliates earn, counted naively from the sent events. It shares no code with worker/payouts/. */
import type { StoredEvent } from "../../worker/event.ts";
import { kept } from "./oracle.ts";

const DAY = 86_400_000;

export type OracleTerms = {
  event_type: string;
  first_deposit: boolean;
  /** In 1/10,000 units, of the currency EUR. */
  min_amount: number | null;
  amount: number | null;
  /** In percent: a whole number. */
  share: number | null;
  tiers_by: "number" | "sum" | null;
  tiers: { from: number; amount: number | null; share: number | null }[];
  cap_day: number | null;
  cap_month: number | null;
};
/** In the order in which they were made; a later version of a rule has the same id. */
export type OracleRule = { id: string; tags: string[] | null; from: string; terms: OracleTerms | null };
/** Likewise. */
export type OracleClickRule = {
  id: string;
  tags: string[] | null;
  from: string;
  terms: {
    kind: "too_fast" | "too_late" | "same_network" | "same_device" | "velocity";
    event_type: string | null;
    seconds: number;
    conversions: number | null;
  } | null;
};
export type OracleWorld = {
  sent: StoredEvent[];
  attributionDays: number;
  rules: OracleRule[];
  /** By event and trust: rejected, refunded or charged back. */
  taken: ReadonlySet<string>;
  clickRules: OracleClickRule[];
  /** Likewise. */
  approved: ReadonlySet<string>;
  /** 1e-8 USD by currency and day; a rate applies to its day only. */
  rate: (currency: string, day: string) => bigint | null;
};

const E12 = 10n ** 12n;
/** Half to even. */
const round = (number: bigint, by: bigint): bigint => {
  const sign = number < 0n ? -1n : 1n;
  const size = number * sign;
  const rest = size % by;
  const up = rest * 2n > by || (rest * 2n === by && (size / by) % 2n === 1n);
  return sign * (size / by + (up ? 1n : 0n));
};

/** In 1e-12 EUR. */
const inEuro = (event: StoredEvent, rate: OracleWorld["rate"]): bigint | null => {
  const units = (BigInt(event.amount ?? 0) * E12) / 10_000n;
  if (event.currency === null || event.currency === "EUR") return units;
  const [own, euro] = [rate(event.currency, event.event_date), rate("EUR", event.event_date)];
  return own === null || euro === null ? null : round(units * own, euro);
};

/** The counted events in order, each with its person and tag. */
function placed({ sent, attributionDays }: OracleWorld) {
  const order = (event: StoredEvent) => `${String(event.timestamp).padStart(15, "0")} ${event.event_id}`;
  const all = kept(sent).filter(({ event }) => event.test === 0 && event.bot === null);
  const inTime = (events: StoredEvent[]) => events.toSorted((a, b) => (order(a) < order(b) ? -1 : 1));
  const owners = new Map<string, string>();
  for (const { player_id, visitor_id } of inTime(all.map(({ event }) => event)))
    if (player_id !== null && visitor_id !== null && !owners.has(visitor_id)) owners.set(visitor_id, player_id);
  const personOf = ({ player_id, visitor_id }: StoredEvent) =>
    player_id ?? owners.get(visitor_id ?? "") ?? `visitor ${visitor_id}`;
  const counted = inTime(all.filter(({ duplicate }) => !duplicate).map(({ event }) => event));
  return counted.map((event) => ({
    event,
    person: personOf(event),
    tag:
      event.banner_tag ??
      counted.findLast(
        (other) =>
          other.banner_tag !== null &&
          personOf(other) === personOf(event) &&
          other.timestamp <= event.timestamp &&
          other.timestamp > event.timestamp - attributionDays * DAY,
      )?.banner_tag ??
      null,
  }));
}

/** The last version of each rule for a tag and day, the newest rule first. */
function fitting<Rule extends OracleRule | OracleClickRule>(rules: Rule[], tag: string, day: string): Rule[] {
  const ids = [...new Set(rules.map(({ id }) => id))].reverse();
  const current = ids.flatMap((id) => rules.findLast((one) => one.id === id && one.from <= day) ?? []);
  return current.filter(({ terms, tags }) => terms !== null && (tags === null || tags.includes(tag)));
}

type Placed = ReturnType<typeof placed>[number];

/** The ids of the click rules that flag an event. */
function flagsOf(self: Placed, events: Placed[], rules: OracleClickRule[]): string[] {
  const { event, person, tag } = self;
  const clickOf = (one: Placed) =>
    events.findLast(
      (other) =>
        other !== one &&
        other.event.event_type === "visit" &&
        other.event.banner_tag === one.tag &&
        other.person === one.person &&
        other.event.timestamp <= one.event.timestamp,
    )?.event;
  const near = (one: Placed, kind: string) => {
    const from = one.event.user_agent === null ? clickOf(one) : one.event;
    if (!from || from.source_ip === null) return undefined;
    if (kind === "same_network") return from.source_ip;
    return from.user_agent === null ? undefined : `${from.source_ip} on ${from.user_agent}`;
  };
  const place = (one: Placed) =>
    `${one.event.event_date} ${String(one.event.timestamp).padStart(15, "0")} ${one.event.event_id}`;
  const flags = fitting(rules, tag as string, event.event_date).filter(({ terms }) => {
    if (!terms || (terms.event_type !== null && terms.event_type !== event.event_type)) return false;
    const { kind, seconds, conversions } = terms;
    if (kind === "too_fast" || kind === "too_late") {
      const click = clickOf(self);
      if (!click) return false;
      const since = (event.timestamp - click.timestamp) / 1_000;
      return kind === "too_fast" ? since < seconds : since > seconds;
    }
    const before = events.filter(
      (one) =>
        one !== self &&
        one.tag === tag &&
        one.event.event_type === event.event_type &&
        place(one) < place(self) &&
        one.event.timestamp > event.timestamp - seconds * 1_000,
    );
    if (kind === "velocity") return before.length + 1 > (conversions as number);
    const where = near(self, kind);
    if (where === undefined) return false;
    return before.filter((one) => one.person !== person && near(one, kind) === where).length >= (conversions as number);
  });
  return flags.map(({ id }) => id).sort();
}

/** The last version of each rule for a tag and day: those for the tag alone first, and the newest first. */
function inForce(rules: OracleRule[], tag: string, day: string) {
  const fits = fitting(rules, tag, day);
  return [...fits.filter(({ tags }) => tags !== null), ...fits.filter(({ tags }) => tags === null)] as (OracleRule & {
    terms: OracleTerms;
  })[];
}

export type Earned = {
  /** By event id: the rule, 1/10,000 EUR, `unknown` without a rate, and the click rules that flag it. */
  conversions: Record<string, [rule: string, payout: string, flags: string]>;
  /** By tag, month, rule and the day from which on it holds: 1/10,000 EUR. */
  shares: Record<string, string>;
};

export function earned(world: OracleWorld): Earned {
  const events = placed(world);
  const result: Earned = { conversions: {}, shares: {} };
  const groups = Map.groupBy(
    events.filter(({ tag }) => tag !== null),
    ({ tag, event }) => `${tag} ${event.event_date.slice(0, 7)}`,
  );
  for (const [key, own] of groups) {
    const tag = own[0]?.tag as string;
    const paid: { rule: string; day: string; worth: bigint }[] = [];
    const money = new Map<OracleRule & { terms: OracleTerms }, { net: bigint; unknown: boolean }>();
    for (const { event, person } of own.toSorted((a, b) =>
      a.event.event_date < b.event.event_date ? -1 : a.event.event_date > b.event.event_date ? 1 : 0,
    )) {
      const rules = inForce(world.rules, tag, event.event_date);
      const taken = world.taken.has(`${event.event_id} ${event.trusted}`);
      const rule = rules.find(({ terms }) => terms.event_type === event.event_type);
      const placedHere = events.find((one) => one.event === event) as Placed;
      const flags = rule ? flagsOf(placedHere, events, world.clickRules) : [];
      const out = taken || (flags.length > 0 && !world.approved.has(`${event.event_id} ${event.trusted}`));
      const sharing = rules.find(
        ({ terms }) => terms.share !== null || terms.tiers.some(({ share }) => share !== null),
      );
      const sign = { deposit: 1n, withdrawal: -1n, refund: -1n }[event.event_type];
      if (sharing && sign !== undefined && event.amount !== null && !out) {
        const sum = money.get(sharing) ?? { net: 0n, unknown: false };
        const worth = inEuro(event, world.rate);
        money.set(sharing, worth === null ? { ...sum, unknown: true } : { ...sum, net: sum.net + sign * worth });
      }
      if (!rule) continue;
      const { terms, id } = rule;
      const say = (payout: bigint | "unknown") => {
        result.conversions[event.event_id] = [id, String(payout), flags.join(" ")];
      };
      const first = events.find((one) => one.person === person && one.event.event_type === "deposit")?.event === event;
      if (out || (terms.first_deposit && !first)) {
        say(0n);
        continue;
      }
      const needs = terms.min_amount !== null || terms.tiers_by === "sum";
      const worth = needs ? inEuro(event, world.rate) : 0n;
      if (terms.min_amount !== null && event.amount === null) say(0n);
      else if (worth === null) say("unknown");
      else if (terms.min_amount !== null && worth < (BigInt(terms.min_amount) * E12) / 10_000n) say(0n);
      else {
        const before = paid.filter((one) => one.rule === id);
        if (before.length >= (terms.cap_month ?? Number.POSITIVE_INFINITY)) say(0n);
        else if (
          before.filter(({ day }) => day === event.event_date).length >= (terms.cap_day ?? Number.POSITIVE_INFINITY)
        )
          say(0n);
        else {
          paid.push({ rule: id, day: event.event_date, worth });
          say(BigInt(tierOf(terms, [...before, { worth }])?.amount ?? terms.amount ?? 0));
        }
      }
    }
    for (const [rule, { net, unknown }] of money) {
      const share =
        tierOf(
          rule.terms,
          paid.filter((one) => one.rule === rule.id),
        )?.share ??
        rule.terms.share ??
        0;
      const part = net <= 0n ? 0n : round(net * BigInt(share), 100n * (E12 / 10_000n));
      result.shares[`${key} ${rule.id} ${rule.from}`] = unknown ? "unknown" : String(part);
    }
  }
  return result;
}

function tierOf({ tiers, tiers_by }: OracleTerms, paid: { worth: bigint }[]) {
  const sum = paid.reduce((total, { worth }) => total + worth, 0n);
  return tiers.findLast(({ from }) =>
    tiers_by === "number" ? paid.length >= from : sum >= (BigInt(from) * E12) / 10_000n,
  );
}
