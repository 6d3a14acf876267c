/** Payouts equal a naive count, for any order of late events, links and tags, rules, decisions, rates. */
import { sql } from "drizzle-orm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { StoredEvent } from "../../worker/event.ts";
import { dueFrom } from "../../worker/payouts/compute.ts";
import { noteChanges } from "../../worker/payouts/decide.ts";
import type { Share, Status, Why } from "../../worker/payouts/month.ts";
import { storeRates } from "../../worker/rates/rate.ts";
import { transact } from "../../worker/store/database.ts";
import { runDuty } from "./duty.ts";
import { histories } from "./histories.ts";
import { changeWindow, createProject, db, deliver, settle, step, storedEvent, TABLES } from "./log.ts";
import {
  type Earned,
  earned,
  type OracleClickRule,
  type OracleRule,
  type OracleTerms,
  type OracleWorld,
} from "./payouts-oracle.ts";

const DAY = 86_400_000;
const FROM = Date.parse("2025-10-29T00:00:00Z");
const TIMEZONE = "America/New_York";
const ATTRIBUTION_DAYS = 2;
const CURRENCIES = ["EUR", "JPY", "SEK"] as const;

const anEvent = fc.record({
  event_id: fc.integer({ min: 1, max: 60 }).map((n) => `e${n}`),
  event_type: fc.constantFrom(
    "visit",
    "registration",
    "deposit",
    "deposit",
    "deposit",
    "withdrawal",
    "refund",
    "level_up",
  ),
  who: fc.constantFrom<[string | null, string | null][]>(
    ["p1", null],
    ["p2", null],
    ["p1", "v1"],
    ["p2", "v2"],
    [null, "v1"],
    [null, "v2"],
  ),
  banner_tag: fc.constantFrom(null, null, "a", "b"),
  timestamp: fc.integer({ min: 0, max: 24 }).map((slot) => FROM + slot * (DAY / 4)),
  money: fc.option(fc.tuple(fc.integer({ min: 0, max: 500_000 }), fc.constantFrom(...CURRENCIES))),
  transaction_id: fc.constantFrom(null, null, "t1", "t2"),
  test: fc.constantFrom<(0 | 1)[]>(0, 0, 0, 0, 1),
  trusted: fc.constantFrom<(0 | 1)[]>(0, 0, 1),
  source_ip: fc.constantFrom(null, "192.0.2.0", "198.51.100.0"),
  user_agent: fc.constantFrom(null, "Firefox", "Safari"),
});

const cap = fc.option(fc.integer({ min: 1, max: 3 }));
const amount = fc.option(fc.integer({ min: 1, max: 900_000 }));
const share = fc.option(fc.integer({ min: 0, max: 100 }));
const theTerms: fc.Arbitrary<OracleTerms> = fc
  .record({
    event_type: fc.constantFrom("deposit", "deposit", "registration", "level_up"),
    first_deposit: fc.boolean(),
    min_amount: fc.option(fc.integer({ min: 0, max: 300_000 })),
    amount,
    share,
    tiers_by: fc.constantFrom("number" as const, "sum" as const, null),
    steps: fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 2 }),
    tier: fc.record({ amount, share }),
    cap_day: cap,
    cap_month: cap,
  })
  .map(({ steps, tier, ...terms }) => ({
    ...terms,
    first_deposit: terms.first_deposit && terms.event_type === "deposit",
    tiers:
      terms.tiers_by === null
        ? []
        : steps
            .toSorted((a, b) => a - b)
            .map((from) => ({ ...tier, from: terms.tiers_by === "sum" ? from * 100_000 : from })),
  }));

const HOUR_SECONDS = 3_600;
const clickTerms = fc.oneof(
  fc.record({
    kind: fc.constantFrom("too_fast" as const, "too_late" as const),
    event_type: fc.constantFrom(null, null, "deposit"),
    seconds: fc.integer({ min: 1, max: 60 }).map((hours) => hours * HOUR_SECONDS),
    conversions: fc.constant(null),
  }),
  fc.record({
    kind: fc.constantFrom("same_network" as const, "same_device" as const, "velocity" as const),
    event_type: fc.constantFrom(null, null, "deposit"),
    seconds: fc.constantFrom(1, 13, 48, 7 * 24).map((hours) => hours * HOUR_SECONDS),
    conversions: fc.integer({ min: 1, max: 3 }),
  }),
);

const anAction = fc.oneof(
  { weight: 4, arbitrary: fc.record({ deliver: fc.array(anEvent, { minLength: 1, maxLength: 8 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      rule: fc.constantFrom("r1", "r2"),
      tags: fc.constantFrom<(string[] | null)[]>(null, ["a"], ["a", "b"]),
      day: fc.integer({ min: -1, max: 6 }),
      terms: fc.option(theTerms, { freq: 8 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      click: fc.constantFrom("k1", "k2"),
      tags: fc.constantFrom<(string[] | null)[]>(null, ["a"], ["a", "b"]),
      day: fc.integer({ min: -1, max: 6 }),
      terms: fc.option(clickTerms, { freq: 8 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      decide: fc.integer({ min: 1, max: 60 }),
      status: fc.constantFrom<Status[]>("approved", "rejected", "refunded", "charged_back"),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      rate: fc.constantFrom(...CURRENCIES),
      on: fc.integer({ min: -1, max: 6 }),
      value: fc.integer({ min: 1, max: 200_000_000 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ project: fc.nat(TABLES.length - 1) }) },
  { weight: 1, arbitrary: fc.constant({ compute: true as const }) },
  { weight: 1, arbitrary: fc.record({ window: fc.constantFrom(1, ATTRIBUTION_DAYS, 30) }) },
);

const dayOf = (n: number) => new Date(FROM + n * DAY).toISOString().slice(0, 10);
const hasAny = ({ amount, share, tiers }: OracleTerms) =>
  amount !== null || share !== null || tiers.some((tier) => tier.amount !== null || tier.share !== null);

async function addRule(project_id: string, rule: OracleRule, version: number): Promise<void> {
  const percent = (share: number | null) => (share === null ? null : share * 10_000);
  const terms = rule.terms && {
    ...rule.terms,
    currency: "EUR",
    hold_days: null,
    share: percent(rule.terms.share),
    tiers: rule.terms.tiers.map((tier) => ({ ...tier, share: percent(tier.share) })),
  };
  await transact(db, [
    sql`INSERT INTO payout_rules (id, version, project_id, name, banner_tags, valid_from, terms, made_at)
      VALUES (${`${project_id} ${rule.id}`}, ${version}, ${project_id}, 'n', ${rule.tags && JSON.stringify(rule.tags)}, ${rule.from},
        ${terms && JSON.stringify(terms)}, ${rule.id === "r1" ? 1 : 2})`,
    dueFrom(project_id, rule.from.slice(0, 7), null),
  ]);
}

async function addClickRule(project_id: string, rule: OracleClickRule, version: number): Promise<void> {
  await transact(db, [
    sql`INSERT INTO click_rules (id, version, project_id, name, banner_tags, valid_from, terms, made_at)
      VALUES (${`${project_id} ${rule.id}`}, ${version}, ${project_id}, 'n', ${rule.tags && JSON.stringify(rule.tags)}, ${rule.from},
        ${rule.terms && JSON.stringify(rule.terms)}, 1)`,
    dueFrom(project_id, rule.from.slice(0, 7), null),
  ]);
}

async function stored(project_id: string, rules: OracleRule[]): Promise<Earned> {
  const short = (id: string) => id.slice(project_id.length + 1);
  const rows = await db.all<{ event_id: string; rule_id: string; payout: number | null; why: string }>(
    sql`SELECT event_id, rule_id, payout, why FROM conversions WHERE project_id = ${project_id} AND rule_id IS NOT NULL`,
  );
  const months = await db.all<{ banner_tag: string; month: string; shares: string }>(
    sql`SELECT banner_tag, month, shares FROM payout_months WHERE project_id = ${project_id}`,
  );
  const units = (decimal: string | null) =>
    decimal === null ? "unknown" : String(BigInt(decimal.replace(/\.(\d+)$/, (_, part) => part.padEnd(4, "0"))));
  return {
    conversions: Object.fromEntries(
      rows.map(({ event_id, rule_id, payout, why }) => {
        const flags = ((JSON.parse(why) as Why).flags ?? []).map((flag) => short(flag.rule_id));
        const paid = payout === null ? "unknown" : String(payout);
        return [event_id, [short(rule_id), paid, flags.sort().join(" ")]];
      }),
    ),
    shares: Object.fromEntries(
      months.flatMap(({ banner_tag, month, shares }) =>
        (JSON.parse(shares) as Share[]).map(({ rule_id, version, payout }) => {
          const rule = rules.filter(({ id }) => id === short(rule_id))[version - 1] as OracleRule;
          return [`${banner_tag} ${month} ${rule.id} ${rule.from}`, units(payout)];
        }),
      ),
    ),
  };
}

describe("payouts", () => {
  it("equal a naive count after any events, rules, decisions, rates and windows, in any order", {
    timeout: 600_000,
  }, async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(anAction, { minLength: 3, maxLength: 16 }), async (actions) => {
        const project_id = `payouts-${++run}`;
        await createProject(project_id, { timezone: TIMEZONE, currency: "EUR", attribution_days: ATTRIBUTION_DAYS });
        await db.run(sql`DELETE FROM exchange_rates`);
        const sent: StoredEvent[] = [];
        const rules: OracleRule[] = [];
        const clickRules: OracleClickRule[] = [];
        const taken = new Set<string>();
        const approved = new Set<string>();
        const rates = new Map<string, bigint>();
        let attributionDays = ATTRIBUTION_DAYS;
        for (const action of actions) {
          if ("deliver" in action) {
            const events = action.deliver.map(({ who: [player_id, visitor_id], money, ...event }) =>
              storedEvent(
                {
                  ...event,
                  project_id,
                  player_id,
                  visitor_id,
                  amount: money?.[0] ?? null,
                  currency: money?.[1] ?? null,
                },
                TIMEZONE,
              ),
            );
            await deliver([{ events }]);
            sent.push(...events);
          } else if ("rule" in action) {
            if (action.terms && !hasAny(action.terms)) continue;
            const rule = { id: action.rule, tags: action.tags, from: dayOf(action.day), terms: action.terms };
            // Two versions of one day would have the same name in the oracle's shares.
            if (rules.some(({ id, from }) => id === rule.id && from === rule.from)) continue;
            rules.push(rule);
            await addRule(project_id, rule, rules.filter(({ id }) => id === rule.id).length);
          } else if ("click" in action) {
            const rule = { id: action.click, tags: action.tags, from: dayOf(action.day), terms: action.terms };
            clickRules.push(rule);
            await addClickRule(project_id, rule, clickRules.filter(({ id }) => id === rule.id).length);
          } else if ("decide" in action) {
            await settle(TABLES);
            const event_id = `e${action.decide}`;
            // A decision is about the original event: one that replaces it is undecided.
            const found = await db.get<{ seq: number; trusted: 0 | 1 } | undefined>(sql`SELECT c.seq, e.trusted
              FROM conversions c JOIN events e ON e.seq = c.seq WHERE c.project_id = ${project_id} AND c.event_id = ${event_id}`);
            if (!found) continue;
            const change = { seq: found.seq, status: action.status, amount: null, currency: null };
            await transact(db, [noteChanges(project_id, [change], { at: 1, actor: "admin", reason: "a test" })]);
            const decided = `${event_id} ${found.trusted}`;
            for (const set of [taken, approved]) set.delete(decided);
            (action.status === "approved" ? approved : taken).add(decided);
          } else if ("rate" in action) {
            const rate = {
              currency_code: action.rate,
              rate_date: dayOf(action.on),
              usd_rate: action.value,
              data_source: "t",
            };
            await transact(db, [storeRates([rate], Date.now())]);
            rates.set(`${action.rate} ${rate.rate_date}`, BigInt(action.value));
          } else if ("window" in action) {
            attributionDays = action.window;
            await changeWindow(project_id, attributionDays);
          } else if ("compute" in action) {
            await settle(TABLES);
            await runDuty("payouts");
          } else await step(TABLES[action.project] as (typeof TABLES)[number]);
        }
        await settle(TABLES);
        await runDuty("payouts");
        const rate: OracleWorld["rate"] = (currency, day) => {
          for (let back = 0; back <= 7; back++) {
            const on = new Date(Date.parse(day) - back * DAY).toISOString().slice(0, 10);
            const found = rates.get(`${currency} ${on}`);
            if (found !== undefined) return found;
          }
          return null;
        };
        // The rule that was made first, by `made_at`, is r1.
        const inOrder = rules.toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
        const expected = earned({ sent, attributionDays, rules: inOrder, taken, clickRules, approved, rate });
        expect(await stored(project_id, rules)).toEqual(expected);
      }),
      histories(15),
    );
  });
});
