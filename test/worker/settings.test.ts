/** The data besides events that a restore needs: written in parts, of which only changed ones are written again. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { saveSettings } from "../../worker/archive/settings.ts";
import { archive, archiveManifest, archiveSettings } from "../../worker/projections/archive.ts";
import type { Projection } from "../../worker/projections/projection.ts";
import { advance, callsOf } from "../../worker/projections/runner.ts";
import { metered } from "../../worker/store/budget.ts";
import { databaseOf } from "../../worker/store/database.ts";
import { suppress } from "../../worker/suppression.ts";
import { keysIn } from "./bucket.ts";
import { makeApiKey } from "./keys.ts";
import { createProject, db, deliver, step, storedEvent } from "./log.ts";

const NOW = Date.UTC(2026, 4, 31, 12);
const DAY = 86_400_000;

/** An environment with exactly the calls left that a step of this work requires, on the free plan. */
function justEnoughFor(projection: Projection) {
  const free = { ...env, PLAN: "free" } as const;
  const all = metered(free, "all").budget.left;
  return metered(free, "archive", { reserved: all - callsOf(projection) });
}

/** The real bucket, and the keys that are written to it. */
function recorded() {
  const written: { key: string; characters: number }[] = [];
  const bucket = new Proxy(env.ARCHIVE, {
    get: (real, name) => {
      if (name === "put")
        return (key: string, body: string, how: R2PutOptions) => {
          written.push({ key, characters: body.length });
          return real.put(key, body, how);
        };
      const value = Reflect.get(real, name);
      return typeof value === "function" ? value.bind(real) : value;
    },
  });
  return {
    save: async (now: number) => {
      written.length = 0;
      await saveSettings(bucket, db, now);
      return written.map(({ key }) => key).sort();
    },
    written,
  };
}
const digests = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, n) => (from + n).toString(16).padStart(32, "0"));
const page = (table: string, which: string) => `state/tables/${table}/${which.padStart(12, "0")}.json`;
const suppressedIn = async (key: string) =>
  ((await (await env.ARCHIVE.get(key))?.json<{ suppressions: { digest: string }[] }>())?.suppressions ?? []).map(
    ({ digest }) => digest,
  );

describe("settings in the bucket", () => {
  it("are written in pages, and only the changed pages are written again", async () => {
    await createProject("many");
    await db.run(suppress("many", digests(0, 12_000)));
    const load = (date: string, at: number) =>
      env.DB.prepare("INSERT INTO exchange_rates VALUES ('EUR', ?, 110000000, 'test', ?)").bind(date, at).run();
    await load("2025-03-01", NOW - 2);
    await load("2026-03-01", NOW - 1);
    const { save, written } = recorded();
    const pages = ["0", "5000", "10000"].map((which) => page("suppressions", which));
    const rates = ["2025", "2026"].map((year) => page("exchange_rates", year));
    expect(await save(NOW)).toEqual([...rates, ...pages, "state/settings.json"].sort());
    expect((await Promise.all(pages.map(suppressedIn))).flat()).toEqual(digests(0, 12_000));
    for (const { characters } of written) expect(characters).toBeLessThan(500_000);

    // One administrative change: the audit log, and the settings, which are small.
    await makeApiKey({ role: "viewer", project_id: "many" });
    expect(await save(NOW)).toEqual([rates[1], "state/audit/000000000000.json", "state/settings.json"].sort());
    expect(written.find(({ key }) => key === "state/settings.json")?.characters).toBeLessThan(10_000);

    await db.run(suppress("many", digests(12_000, 12_001)));
    expect(await save(NOW)).toContain(pages[2]);
    expect(written.map(({ key }) => key)).not.toContain(pages[0]);
    expect(await suppressedIn(pages[2] as string)).toEqual(digests(9_999, 12_001));

    expect(await save(NOW)).toEqual([]);
    // Everything once a day.
    expect(await save(NOW + DAY)).toEqual(expect.arrayContaining([...pages, ...rates]));
    expect((await keysIn("state/tables/")).sort()).toEqual([...pages, ...rates].sort());
  });

  it("are written some pages at a time if there are many, and none is left out", async () => {
    const later = NOW + 4 * DAY;
    const years = Array.from({ length: 9 }, (_, n) => String(2010 + n));
    const load = (date: string, at: number) =>
      env.DB.prepare("INSERT INTO exchange_rates VALUES ('GBP', ?, 120000000, 'test', ?)").bind(date, at).run();
    for (const year of years) await load(`${year}-03-01`, later - 2);
    const saveSome = (pages: number) => {
      let left = pages;
      return saveSettings(env.ARCHIVE, db, later, () => left-- > 0);
    };
    expect(await saveSome(4)).toBe(false);
    // A new row in a page that is already written, while others are not.
    await load("2010-03-02", later - 1);
    let calls = 1;
    while (!(await saveSome(4))) calls++;
    expect(calls).toBeGreaterThan(1);
    const datesIn = async (year: string) =>
      (
        (
          await (
            await env.ARCHIVE.get(page("exchange_rates", year))
          )?.json<{ exchange_rates: { rate_date: string }[] }>()
        )?.exchange_rates ?? []
      ).map(({ rate_date }) => rate_date);
    for (const year of years) expect(await datesIn(year)).toContain(`${year}-03-01`);
    while (!(await saveSome(4)));
    expect(await datesIn("2010")).toEqual(["2010-03-01", "2010-03-02"]);
  });

  it("need no more calls than their step requires before it begins", async () => {
    await createProject("few-calls");
    await deliver([{ events: [storedEvent({ project_id: "few-calls", event_type: "visit", player_id: "p" })] }]);
    await step(archive);
    // Exactly the calls are left that the step requires; the pages of rates and of the audit log are due.
    const { env: own, budget } = justEnoughFor(archiveSettings);
    const later = Date.now() + 9 * DAY;
    const { after, cursor } = await advance(own, databaseOf(own), archiveSettings, later);
    expect(budget.subrequests).toBeGreaterThan(20);
    expect(budget.left).toBeGreaterThanOrEqual(0);
    // It wrote the settings, and continues with the pages when it has more calls.
    expect(cursor).toBe(after);
    expect((await env.ARCHIVE.head("state/settings.json"))?.customMetadata?.pass).toBeDefined();
    while ((await advance(env, db, archiveSettings, later)).behind > 0);
    expect((await env.ARCHIVE.head("state/settings.json"))?.customMetadata?.pass).toBeUndefined();
  });
});

describe("files to be deleted", () => {
  it("stay while an invocation has no calls left to delete them, and are deleted when it has", async () => {
    await deliver([{ events: [storedEvent({ project_id: "few-calls", event_type: "visit", player_id: "q" })] }]);
    await step(archive);
    const hours = Array.from({ length: 12 }, (_, n) => 24 * n);
    const add =
      env.DB.prepare(`INSERT INTO archive_files (key, hour, first_seq, last_seq, rows, bytes, sha256, min_received_at,
        max_received_at, created_at, state) VALUES (?, ?, 1, 1, 0, 0, '', 0, 0, 0, ?)`);
    await env.DB.batch(
      hours.map((hour, n) => add.bind(`events/gone-${n}.parquet`, hour, n % 2 === 0 ? "given_up" : "retired")),
    );
    const left = () =>
      env.DB.prepare("SELECT count(*) AS files FROM archive_files WHERE state IN ('given_up', 'retired')").first(
        "files",
      );
    const { env: own, budget } = justEnoughFor(archiveManifest);
    await advance(own, databaseOf(own), archiveManifest, Date.now());
    expect(budget.left).toBeGreaterThanOrEqual(0);
    expect(await left()).toBe(hours.length);
    while ((await advance(env, db, archiveManifest, Date.now())).behind > 0);
    expect(await left()).toBe(0);
  });
});
