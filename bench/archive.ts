/** The archive on a local D1 and a local bucket: time, bytes for each event, and what R2 and D1 bill for a day. */

import { COLUMNS } from "../worker/archive/columns.ts";
import { compact } from "../worker/archive/compaction.ts";
import { decode, encode, type Row } from "../worker/archive/parquet.ts";
import { INTERVAL_MS } from "../worker/archive/run.ts";
import { append } from "../worker/event-log/append.ts";
import { GROUPS } from "../worker/projections/index.ts";
import { advance } from "../worker/projections/runner.ts";
import { openMetered } from "./database.ts";
import { random, traffic } from "./traffic.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const END = Date.parse("2026-05-31T00:00:00Z");
/** The share of events that arrive up to two days late. */
const LATE = 0.01;

const CLASS_A = ["put", "list"];
const CLASS_B = ["get", "head"];

function counted(bucket: R2Bucket): { bucket: R2Bucket; calls: Record<string, number> } {
  const calls: Record<string, number> = {};
  const proxy = new Proxy(bucket, {
    get: (real, name) => {
      const value = Reflect.get(real, name);
      if (typeof value !== "function") return value;
      return (...given: unknown[]) => {
        calls[String(name)] = (calls[String(name)] ?? 0) + 1;
        return value.apply(real, given);
      };
    },
  });
  return { bucket: proxy, calls };
}

const sum = (calls: Record<string, number>, names: string[]) =>
  names.reduce((total, name) => total + (calls[name] ?? 0), 0);

/** An ordinary day: a run every quarter of an hour, and the compaction on the day after. */
async function day(events: number): Promise<Record<string, string | number>> {
  const { env, db, bill, close } = await openMetered();
  const { bucket, calls } = counted(env.ARCHIVE);
  const bindings = { ...env, ARCHIVE: bucket };
  const next = random(7);
  const all = [...traffic(events, { days: 1, end: END })].map((event) => ({
    ...event,
    timestamp: next() < LATE ? event.timestamp - Math.floor(next() * 2 * DAY) : event.timestamp,
  }));
  let at = 0;
  let spent = 0;
  let written = 0;
  for (let now = END - DAY + INTERVAL_MS; now <= END; now += INTERVAL_MS) {
    const from = at;
    while (at < all.length && (all[at]?.received_at ?? 0) < now) at++;
    for (let start = from; start < at; start += 500) await append(db, all.slice(start, Math.min(start + 500, at)));
    const [before, started] = [bill().written, performance.now()];
    for (const projection of GROUPS.archive.projections)
      while ((await advance(bindings, db, projection, now + 60_000)).behind > 0);
    spent += performance.now() - started;
    written += bill().written - before;
  }
  const size = async () =>
    db.$client
      .prepare("SELECT count(*) AS files, sum(bytes) AS bytes FROM archive_files WHERE state = 'live'")
      .first<{ files: number; bytes: number }>();
  const small = await size();
  const [runA, runB] = [sum(calls, CLASS_A), sum(calls, CLASS_B)];
  const [before, started] = [bill().written, performance.now()];
  while (!(await compact(bindings, db, END + DAY))?.finished);
  const merging = performance.now() - started;
  const merged = await size();
  const row = {
    "events a day": events,
    files: small?.files ?? 0,
    "bytes/event": ((small?.bytes ?? 0) / events).toFixed(0),
    "ms per 10,000": ((spent / events) * 10_000).toFixed(0),
    "R2 class A": runA,
    "R2 class B": runB,
    "D1 rows/event": (written / events).toFixed(3),
    "files merged": merged?.files ?? 0,
    "bytes/event merged": ((merged?.bytes ?? 0) / events).toFixed(0),
    "merge ms per 10,000": ((merging / events) * 10_000).toFixed(0),
    "merge class A": sum(calls, CLASS_A) - runA,
    "merge class B": sum(calls, CLASS_B) - runB,
    "merge D1 rows": bill().written - before,
  };
  await close();
  return row;
}

/** The time of the processor, without the database and the bucket. */
async function processor(rows: number): Promise<Record<string, string | number>> {
  const events: Row[] = [...traffic(rows, { days: 0.04, end: END })].map((event, seq) =>
    COLUMNS.map(({ name }) => (name === "seq" ? seq + 1 : name === "duplicate_of" ? null : event[name])),
  );
  const measure = async (act: () => Promise<unknown> | unknown) => {
    await act();
    const before = process.cpuUsage();
    for (let round = 0; round < 5; round++) await act();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 5_000;
  };
  const bytes = encode(events);
  const whole = bytes.slice().buffer;
  return {
    "rows a file": rows,
    "encode, CPU ms": (await measure(() => encode(events))).toFixed(1),
    "decode, CPU ms": (
      await measure(async () => {
        for await (const _ of decode(whole));
      })
    ).toFixed(1),
    "bytes a row": (bytes.length / rows).toFixed(0),
  };
}

export async function benchArchive(): Promise<void> {
  console.log("\nThe archive, a day of affiliate traffic, one event in a hundred up to two days late:");
  console.table([await day(1_000), await day(20_000)]);
  console.log("\nParquet, by the processor alone:");
  console.table([await processor(100), await processor(1_000), await processor(10_000)]);
}
