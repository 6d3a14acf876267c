/**
 * Rules that compare a conversion with its click, and may flag it: a flagged conversion pays nothing until somebody
 * approves it. Pure: the same events and rules always flag the same conversions.
 */
import type { Database } from "../store/database.ts";
import { inForce, type Version, versionsOf } from "./versions.ts";

/** How each kind judges: by the time since the click, or by the number of conversions in a time before. */
export const CLICK_KINDS = {
  too_fast: "click",
  too_late: "click",
  same_network: "number",
  same_device: "number",
  velocity: "number",
} as const;
export type ClickKind = keyof typeof CLICK_KINDS;
export const CLICK_KIND_NAMES = Object.keys(CLICK_KINDS) as [ClickKind, ...ClickKind[]];
/** A new or removed conversion also makes the month due that is this many days later: see the triggers of migration 0036. */
export const LONGEST_DAYS = 7;

export type ClickTerms = {
  kind: ClickKind;
  /** Which conversions it judges; null is all. */
  event_type: string | null;
  /** Between the click and the conversion, or the time in which others are counted. */
  seconds: number;
  /** How many others are too many, or how many altogether are allowed; null where only the time counts. */
  conversions: number | null;
};
export type ClickRuleVersion = Version<ClickTerms>;

export const clickRulesOf = (db: Database, project_id: string): Promise<ClickRuleVersion[]> =>
  versionsOf<ClickTerms>(db, "click_rules", project_id);

/** Why a conversion is flagged: the rule at that time, and the number that was found. */
export type Flag = Omit<ClickTerms, "event_type"> & {
  rule_id: string;
  version: number;
  name: string;
  /** Seconds since the click, or the number of conversions. */
  found: number;
};

/** Further facts about a conversion. */
export type Clicked = {
  person: string;
  /** The time of its click: the person's last earlier visit with its tag. */
  click_at: number | null;
  /** The network of the event, or of its click where a server sent the event. */
  network: string | null;
  device: string | null;
  /** The earlier flag, where the log no longer has the event. */
  kept: Flag[] | null;
};
type Seen = { event_type: string; event_date: string; timestamp: number; clicked: Clicked | null };

/** So many old entries stay in the queue before it is cut, so that it is not copied for each. */
const LET_GO = 10_000;

/** Counts conversions within a time, by network or another key. */
class Window {
  readonly #ms: number;
  readonly #of: (seen: Seen) => string | null;
  readonly #queue: { at: number; key: string; person: string }[] = [];
  #gone = 0;
  readonly #counts = new Map<string, { all: number; people: Map<string, number> }>();

  constructor({ kind, seconds }: ClickTerms) {
    this.#ms = seconds * 1_000;
    this.#of = ({ clicked }) =>
      kind === "velocity" ? "" : (clicked?.[kind === "same_network" ? "network" : "device"] ?? null);
  }

  /** How many there are including this one, and how many of those are other people's. */
  take(seen: Seen): { all: number; others: number } {
    const { timestamp, event_type } = seen;
    for (let first = this.#queue[this.#gone]; first && first.at <= timestamp - this.#ms; ) {
      this.#count(first.key, first.person, -1);
      first = this.#queue[++this.#gone];
    }
    if (this.#gone > LET_GO) {
      this.#queue.splice(0, this.#gone);
      this.#gone = 0;
    }
    const by = this.#of(seen);
    if (by === null) return { all: 0, others: 0 };
    const [key, person] = [`${event_type} ${by}`, seen.clicked?.person ?? ""];
    this.#queue.push({ at: timestamp, key, person });
    return this.#count(key, person, 1);
  }

  #count(key: string, person: string, by: 1 | -1): { all: number; others: number } {
    const count = this.#counts.get(key) ?? { all: 0, people: new Map<string, number>() };
    const countOfPerson = (count.people.get(person) ?? 0) + by;
    count.all += by;
    count.people.set(person, countOfPerson);
    if (countOfPerson === 0) count.people.delete(person);
    this.#counts.set(key, count);
    if (count.all === 0) this.#counts.delete(key);
    return { all: count.all, others: count.all - countOfPerson };
  }
}

const windowOf = ({ kind, seconds }: ClickTerms) => `${kind} ${seconds}`;

/** Takes a tag's conversions in the order of their days and times. */
export class Flags {
  readonly #tag: string;
  readonly #versions: readonly ClickRuleVersion[];
  readonly #windows = new Map<string, Window>();

  constructor(tag: string, versions: readonly ClickRuleVersion[]) {
    this.#tag = tag;
    this.#versions = versions;
    for (const { terms, banner_tags } of versions)
      if (terms && CLICK_KINDS[terms.kind] === "number" && (banner_tags?.includes(tag) ?? true))
        this.#windows.set(windowOf(terms), new Window(terms));
  }

  /** Whether conversions of the days before count. */
  get looksBack(): boolean {
    return this.#windows.size > 0;
  }

  take(seen: Seen): Flag[] {
    if (this.#versions.length === 0) return [];
    const counted = new Map([...this.#windows].map(([name, window]) => [name, window.take(seen)]));
    const { clicked, event_date, event_type, timestamp } = seen;
    if (clicked === null) return [];
    if (clicked.kept) return clicked.kept;
    const since = clicked.click_at === null ? null : Math.floor((timestamp - clicked.click_at) / 1_000);
    return inForce(this.#versions, this.#tag, event_date).flatMap(({ terms, id, version, name }): Flag[] => {
      if (terms.event_type !== null && terms.event_type !== event_type) return [];
      const { kind, seconds, conversions } = terms;
      const count = counted.get(windowOf(terms));
      const found = kind === "velocity" ? count?.all : count ? count.others : since;
      if (found === null || found === undefined || !isTooMuch(terms, found)) return [];
      return [{ rule_id: id, version, name, kind, seconds, conversions, found }];
    });
  }
}

function isTooMuch({ kind, seconds, conversions }: ClickTerms, found: number): boolean {
  switch (kind) {
    case "too_fast":
      return found < seconds;
    case "too_late":
      return found > seconds;
    case "velocity":
      return found > (conversions ?? 0);
    default:
      return found >= (conversions ?? 1);
  }
}
