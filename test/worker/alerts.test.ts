/** The alerts of the docs: silent while an instance is healthy, whatever it does; each fires where something is wrong. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import grafana from "../../docs/grafana/edgepixel.json?raw";
import rulesFile from "../../docs/prometheus/alerts.yml?raw";
import { INTERVAL_MS } from "../../worker/archive/run.ts";
import { append } from "../../worker/event-log/append.ts";
import { expose } from "../../worker/monitor/families.ts";
import { read } from "../../worker/monitor/metrics.ts";
import { GROUPS, type Group } from "../../worker/projections/index.ts";
import { advance } from "../../worker/projections/runner.ts";
import { createProject, db, storedEvent } from "./log.ts";
import { evaluate, fired, rulesOf, type Scrape } from "./promql.ts";

const MINUTE = 60_000;
/** The beginning of an interval of the archive. */
const START = Date.parse("2026-05-01T12:00:00Z");
const rules = rulesOf(rulesFile);

async function scrape(now: number): Promise<Scrape> {
  const text = expose(await read({ env, db, project_id: null, now }));
  const lines = text.matchAll(/^([^#\s]\S*(?:\{.*\})?) (\S+)$/gm);
  return { at: now, samples: new Map([...lines].map(([, series, value]) => [series as string, Number(value)])) };
}

async function run(group: Group, now: number): Promise<void> {
  for (const projection of GROUPS[group].projections) while ((await advance(env, db, projection, now)).behind > 0);
}

const arrive = (now: number, count: number) =>
  append(
    db,
    Array.from({ length: count }, (_, n) =>
      storedEvent({
        project_id: "alerted",
        event_type: "visit",
        visitor_id: `v${n}`,
        timestamp: now,
        received_at: now,
      }),
    ),
  );

/** A scrape each minute of an hour: nothing for ten minutes, then events in every minute but some, as cron and the queue do. */
async function anHour(): Promise<Scrape[]> {
  const scrapes: Scrape[] = [];
  for (let minute = 0; minute < 60; minute++) {
    const now = START + minute * MINUTE;
    const busy = minute >= 10 && minute < 40;
    if (busy) await arrive(now, 3);
    // Right after traffic no projection has taken it.
    if (busy) scrapes.push(await scrape(now + 1_000));
    for (const group of ["live", "tables"] as const) await run(group, now + 4_000);
    // A minute after each of its intervals has ended.
    if (now % INTERVAL_MS === MINUTE) await run("archive", now + 4_000);
    scrapes.push(await scrape(now + 30_000));
  }
  return scrapes;
}

let healthy: Scrape[];
beforeAll(async () => {
  await createProject("alerted");
  healthy = await anHour();
}, 120_000);

/** The healthy hour, and then half an hour that goes on as `change` has it. */
function then(change: (samples: Map<string, number>, minute: number) => void): Scrape[] {
  const last = healthy.at(-1) as Scrape;
  const more = Array.from({ length: 31 }, (_, minute) => {
    const samples = new Map(last.samples);
    change(samples, minute + 1);
    return { at: last.at + (minute + 1) * MINUTE, samples };
  });
  return [...healthy, ...more];
}
/** Changes a sample that is there. */
function set(samples: Map<string, number>, series: string, change: (value: number) => number): void {
  const value = samples.get(series);
  if (value === undefined) throw new Error(`There is no ${series}.`);
  samples.set(series, change(value));
}

describe("the alerts", () => {
  it("are silent at every moment of a healthy hour, in which the archive waits for longer than other projections may", () => {
    expect(rules.length).toBeGreaterThan(5);
    const lag = ({ samples }: Scrape) => samples.get('edgepixel_projection_lag_seconds{projection="archive"}') ?? 0;
    expect(Math.max(...healthy.map(lag))).toBeGreaterThan(13 * 60);
    expect(
      fired(
        rules,
        then(() => undefined),
      ),
    ).toEqual([]);
  });

  it("name a metric each that is there in a healthy instance", () => {
    const named = new Set(rules.flatMap(({ expr }) => expr.match(/edgepixel_\w+/g) ?? []));
    const exposed = [...(healthy.at(-1)?.samples.keys() ?? [])].map((series) => series.split("{")[0]);
    expect([...named].filter((name) => !exposed.includes(name))).toEqual([]);
  });

  const FAULTS: Record<string, (samples: Map<string, number>, minute: number) => void> = {
    EdgepixelUnreachable: (samples) => samples.clear(),
    EdgepixelPartDown: (samples) => set(samples, 'edgepixel_up{part="meter"}', () => 0),
    EdgepixelDeadLetters: (samples) =>
      set(samples, 'edgepixel_dead_letters{project_id="alerted",status="waiting"}', () => 1),
    EdgepixelProjectionFailing: (samples) => set(samples, 'edgepixel_projection_failing{projection="daily"}', () => 1),
    EdgepixelLogNotWritable: (samples, minute) => set(samples, "edgepixel_queue_retries_total", () => minute),
    EdgepixelTurnsSendersAway: (samples, minute) =>
      set(samples, 'edgepixel_http_requests_total{route="pixel",status="5xx"}', (value) => value + minute),
    EdgepixelRejectsMuch: (samples, minute) =>
      set(samples, 'edgepixel_events_rejected_total{project_id="alerted",door="pixel"}', () => minute),
  };

  it.each(Object.entries(FAULTS))("%s fires where it should, and no other", (alert, change) => {
    expect(fired(rules, then(change))).toEqual([alert]);
  });

  it.each(["archive", "daily"])("EdgepixelProjectionOverdue fires where %s stands still", async (projection) => {
    const now = START + 60 * MINUTE;
    await arrive(now, 1);
    for (const group of ["live", "tables", "archive"] as const) {
      for (const other of GROUPS[group].projections)
        if (other.name !== projection) await advance(env, db, other, now + INTERVAL_MS + MINUTE);
    }
    const patience = projection === "archive" ? 40 : 2;
    const later = async (minutes: number) =>
      fired(
        rules,
        await Promise.all([0, 1, 2, 3, 4, 5].map((minute) => scrape(now + (minutes + minute) * MINUTE + 1_000))),
      );
    expect(await later(patience - 5)).toEqual([]);
    expect(await later(patience)).toEqual(["EdgepixelProjectionOverdue"]);
    const everything = now + INTERVAL_MS + MINUTE;
    for (const group of ["live", "tables", "archive"] as const) await run(group, everything);
  });

  it("each have a fault here that makes them fire", () => {
    expect(rules.map(({ alert }) => alert).sort()).toEqual(
      [...Object.keys(FAULTS), "EdgepixelProjectionOverdue"].sort(),
    );
  });
});

type Panel = {
  title: string;
  type: string;
  targets: { expr: string }[];
  fieldConfig: { defaults: { thresholds?: { steps: { color: string; value: number | null }[] } } };
};

it("Grafana shows what is now in green at every moment of a healthy hour", () => {
  const { panels } = JSON.parse(grafana) as { panels: Panel[] };
  const stats = panels.filter(({ type, targets }) => type === "stat" && !targets[0]?.expr.includes("rate"));
  expect(stats.length).toBeGreaterThan(2);
  for (const { title, targets, fieldConfig } of stats) {
    const expr = targets[0]?.expr.replace("$project_id", ".*") ?? "";
    const colours = healthy.map((_, index) => {
      const [value = Number.NaN] = evaluate(expr, healthy.slice(0, index + 1)).values();
      return fieldConfig.defaults.thresholds?.steps.findLast((step) => value >= (step.value ?? -Infinity))?.color;
    });
    expect([title, ...new Set(colours)]).toEqual([title, "green"]);
  }
});
