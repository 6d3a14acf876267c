/** Two concurrent writers, one stopped at a call while the other works: the common parts of their tests. */
import { env } from "cloudflare:workers";
import { lostTurn } from "../../worker/archive/files.ts";
import { begin as beginErasure } from "../../worker/erasure/erase.ts";
import { advance as advanceErasure, readJob } from "../../worker/erasure/job.ts";
import { BETWEEN_PASSES_MS, STEPS } from "../../worker/erasure/steps.ts";
import { lostStep } from "../../worker/event-log/restore.ts";
import type { Projection } from "../../worker/projections/projection.ts";
import { advance, lostRace } from "../../worker/projections/runner.ts";
import { databaseOf, transact } from "../../worker/store/database.ts";
import { objectsIn } from "./bucket.ts";
import { type Call, gate, unwoken } from "./gate.ts";
import { db } from "./log.ts";

export type Writer = { name: string; run(bindings: Env): Promise<unknown>; person?: string; forgets?: true };

/** The error of a writer that has to wait for another. */
export class Waits extends Error {}

/** The error of a writer that another overtook. */
export const lost = (error: unknown) =>
  lostTurn(error) || lostStep(error) || lostRace(error) || /NOT NULL constraint failed/.test(String(error));
/** The error that a lost log has to be restored first. */
export const early = (error: unknown) => /restore it first/.test(String(error));

/** Runs projections to the end of the log. */
export async function runAll(bindings: Env, projections: readonly Projection[], now: number): Promise<void> {
  const database = databaseOf(bindings);
  for (let behind = 1; behind > 0; ) {
    behind = 0;
    for (const projection of projections) {
      try {
        behind += (await advance(bindings, database, projection, now)).behind;
      } catch (error) {
        if (!lostRace(error)) throw error;
        behind++;
      }
    }
  }
}

/** Runs an erasure to its receipt, or until another erasure blocks it. */
export async function erase(bindings: Env, project_id: string, player_id: string, now: number): Promise<void> {
  const id = await beginErasure(db, { project_id, player_id, suppress: false }, now, async (_, statements) => {
    await transact(db, statements);
  });
  const database = databaseOf(bindings);
  for (const moment of [now, now + 2 * BETWEEN_PASSES_MS]) {
    for (let more = true; more; ) {
      try {
        more = await advanceErasure(bindings, database, STEPS, id, moment);
      } catch (error) {
        if (early(error)) throw new Waits();
        if (!lost(error)) throw error;
      }
    }
  }
  if ((await readJob(db, id)) !== null && bindings === unwoken) throw new Waits();
}

/** All texts in the database and the bucket. */
export async function texts(): Promise<string> {
  const { results } = await env.DB.prepare(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
  ).all<{ name: string }>();
  const tables = await env.DB.batch(results.map(({ name }) => env.DB.prepare(`SELECT * FROM ${name}`)));
  const objects = await Promise.all(
    (await objectsIn()).map(async ({ key }) => {
      const object = (await env.ARCHIVE.get(key)) as R2ObjectBody;
      return new TextDecoder("latin1").decode(await object.arrayBuffer());
    }),
  );
  return JSON.stringify(tables.map((table) => table.results)) + objects.join("");
}

/** The number of calls of a writer that runs alone. */
export async function callsOf(writer: Writer, call: Call, begin: () => Promise<void>): Promise<number> {
  await begin();
  const counting = gate(call, Number.MAX_SAFE_INTEGER);
  await writer.run(counting.env).catch((error: unknown) => {
    if (!(error instanceof Waits) && !early(error)) throw error;
  });
  return counting.calls();
}

/** A different call for each other writer, so that all calls are tested. */
export const chosen = (calls: number, turn: number): number[] => (calls === 0 ? [] : [1 + ((turn * 5) % calls)]);

/** Stops a writer at its `nth` call, and lets it continue once the other has done all its work. */
export async function besides(held: Writer, call: Call, nth: number, other: Writer): Promise<void> {
  const slow = gate(call, nth);
  const work = held.run(slow.env).catch((error: unknown) => error);
  await slow.reached(work);
  await other.run(unwoken).catch((error: unknown) => {
    if (!(error instanceof Waits) && !lost(error) && !early(error)) throw error;
  });
  slow.open();
  await work;
}
