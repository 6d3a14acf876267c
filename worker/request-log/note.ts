/**
 * Brings rejections to the request log without holding up their answers. What an isolate rejects for a project is
 * gathered: the first goes at once, those that come while it is under way or within a second of it go together.
 */
import { projectId } from "../event.ts";
import { findProject } from "../project.ts";
import type { Delivery, ReasonCount } from "./log.ts";
import { type NotedDoor, OTHER_FIELDS, Quota, type Rejection, reasonOf, sampleOf } from "./rejection.ts";

/** At most one delivery begins in so many milliseconds, per isolate and project. */
const INTERVAL_MS = 1_000;
/** For how many intervals a delivery waits for the one before it. */
const PATIENCE = 5;
/** A group that has not gone by then was forgotten: the request that carried it was cancelled. */
const FORGOTTEN_MS = (PATIENCE + 2) * INTERVAL_MS;
const RETRY_AFTER_MS = 500;
/** Distinct reasons of a delivery, and characters of a field's name. */
const REASONS = 100;
const FIELD_CHARACTERS = 128;
/** Where requests are recorded that name no project, so that strangers cannot create objects. */
const NOBODYS = "default";

type Group = {
  since: number;
  hour: number;
  requests: Record<NotedDoor, number>;
  reasons: Map<string, ReasonCount>;
} & Pick<Delivery, "samples">;
type Outbox = { gathering: Group | null; underWay: number; lastBegan: number; quota: Quota };

/** Once an isolate; as many as there are projects. */
const outboxes = new Map<string, Outbox>();

/** Returns at once and never throws; whatever goes wrong later is logged. */
export function note(env: Env, ctx: Pick<ExecutionContext, "waitUntil">, rejections: readonly Rejection[]): void {
  if (rejections.length === 0) return;
  ctx.waitUntil(
    take(env, rejections).catch((error) => {
      console.error(JSON.stringify({ message: "rejections lost", requests: rejections.length, error: String(error) }));
    }),
  );
}

async function take(env: Env, rejections: readonly Rejection[]): Promise<void> {
  const byName = Map.groupBy(rejections, ({ project_id }) => project_id);
  const byProject = new Map<string, Rejection[]>();
  for (const [name, own] of byName) {
    const project_id = await recordedUnder(env, name, own[0]?.at ?? 0);
    byProject.set(project_id, [...(byProject.get(project_id) ?? []), ...own]);
  }
  await Promise.all([...byProject].map(([project_id, own]) => gather(env, project_id, own)));
}

async function recordedUnder(env: Env, name: string, now: number): Promise<string> {
  if (name === NOBODYS || !projectId.safeParse(name).success) return NOBODYS;
  return (await findProject(env, name, now)) ? name : NOBODYS;
}

async function gather(env: Env, project_id: string, rejections: readonly Rejection[]): Promise<void> {
  let outbox = outboxes.get(project_id);
  if (!outbox) {
    outbox = { gathering: null, underWay: 0, lastBegan: 0, quota: new Quota() };
    outboxes.set(project_id, outbox);
  }
  const now = Date.now();
  const { gathering } = outbox;
  const group = gathering ?? emptyGroup(now);
  for (const rejection of rejections) add(group, rejection, outbox.quota);
  // The request that opened the group carries it, so the others need not wait for it.
  if (gathering && now - gathering.since < FORGOTTEN_MS) return;
  group.since = now;
  outbox.gathering = group;
  await turn(outbox);
  if (outbox.gathering !== group) return; // Taken over by another.
  outbox.gathering = null;
  outbox.lastBegan = Date.now();
  outbox.underWay++;
  try {
    await deliver(env, project_id, group);
  } finally {
    outbox.underWay--;
  }
}

/** Resolves when the next delivery may begin. The timer is I/O of its own: none waits only for another request. */
async function turn(outbox: Outbox): Promise<void> {
  for (let waits = 0; waits <= PATIENCE; waits++) {
    const wait = outbox.lastBegan + INTERVAL_MS - Date.now();
    if (wait > 0) await scheduler.wait(wait);
    else if (outbox.underWay === 0) return;
    else await scheduler.wait(INTERVAL_MS);
  }
}

const emptyGroup = (now: number): Group => ({
  since: now,
  hour: Math.floor(now / 3_600_000),
  requests: { pixel: 0, api: 0 },
  reasons: new Map(),
  samples: [],
});

function add(group: Group, rejection: Rejection, quota: Quota): void {
  const { door, errors } = rejection;
  group.requests[door]++;
  for (const error of errors) {
    const named = { door, code: error.code, field: error.field.slice(0, FIELD_CHARACTERS) };
    const room = group.reasons.size < REASONS || group.reasons.has(reasonOf(door, named));
    const counted = room ? named : { ...named, field: OTHER_FIELDS };
    const reason = group.reasons.get(reasonOf(door, counted));
    if (reason) reason.total++;
    else group.reasons.set(reasonOf(door, counted), { ...counted, total: 1 });
  }
  if (quota.admits(rejection)) group.samples.push(sampleOf(rejection));
}

async function deliver(env: Env, project_id: string, group: Group): Promise<void> {
  const id = crypto.getRandomValues(new Uint8Array(6)).toHex();
  const { hour, requests, samples } = group;
  const delivery: Delivery = { id, hour, requests, reasons: [...group.reasons.values()], samples };
  try {
    await env.REQUEST_LOG.getByName(project_id).record(delivery);
  } catch {
    try {
      await scheduler.wait(RETRY_AFTER_MS);
      await env.REQUEST_LOG.getByName(project_id).record(delivery);
    } catch (error) {
      const { reasons } = delivery;
      const lost = { message: "rejections not recorded", project_id, requests, reasons, error: String(error) };
      console.error(JSON.stringify(lost));
    }
  }
}
