/** Records rejections in the request log without delaying the answers: each isolate gathers them by project. */
import { projectId } from "../event.ts";
import { log } from "../log.ts";
import { Outbox } from "../outbox.ts";
import { findProject } from "../project.ts";
import { databaseOf } from "../store/database.ts";
import { MAIN, onShard } from "../store/shards.ts";
import { areSuppressed } from "../suppression.ts";
import type { Delivery, ReasonCount } from "./log.ts";
import {
  OTHER_FIELDS,
  Quota,
  type RecordedDoor,
  type Rejection,
  reasonOf,
  type Sample,
  sampleOf,
} from "./rejection.ts";

/** At most one delivery begins in this many milliseconds, for each isolate and project. */
const INTERVAL_MS = 1_000;
const RETRY_AFTER_MS = 500;
/** The most distinct reasons of a delivery, and characters of a field's name. */
const REASONS = 100;
const FIELD_CHARACTERS = 128;
/** The project for requests that name no existing project, so that strangers cannot create objects. */
const NOBODYS = "default";
const NOTHING_SENT = "{}";

type Group = {
  hour: number;
  requests: Record<RecordedDoor, number>;
  reasons: Map<string, ReasonCount>;
  /** Each with the fields that were sent, which may name a person. */
  samples: { sample: Sample; sent: Record<string, unknown> }[];
};

/** The outboxes of this isolate, one for each project. */
const outboxes = new Map<string, { outbox: Outbox<Group>; quota: Quota }>();

/** Returns at once and never throws; later errors are logged. */
export function recordRejections(
  env: Env,
  ctx: Pick<ExecutionContext, "waitUntil">,
  rejections: readonly Rejection[],
): void {
  if (rejections.length === 0) return;
  ctx.waitUntil(
    take(env, rejections).catch((error) => {
      log("error", "rejections lost", { requests: rejections.length, error: String(error) });
    }),
  );
}

async function take(env: Env, rejections: readonly Rejection[]): Promise<void> {
  const byName = Map.groupBy(rejections, ({ project_id }) => project_id);
  const byProject = new Map<string, Rejection[]>();
  for (const [name, group] of byName) {
    const project_id = await recordedUnder(env, name, group[0]?.at ?? 0);
    byProject.set(project_id, [...(byProject.get(project_id) ?? []), ...group]);
  }
  await Promise.all([...byProject].map(([project_id, group]) => gather(env, project_id, group)));
}

async function recordedUnder(env: Env, name: string, now: number): Promise<string> {
  if (name === NOBODYS || !projectId.safeParse(name).success) return NOBODYS;
  return (await findProject(env, name, now)) ? name : NOBODYS;
}

async function gather(env: Env, project_id: string, rejections: readonly Rejection[]): Promise<void> {
  const known = outboxes.get(project_id) ?? { outbox: new Outbox(INTERVAL_MS, emptyGroup), quota: new Quota() };
  outboxes.set(project_id, known);
  await known.outbox.add(
    (group) => {
      for (const rejection of rejections) add(group, rejection, known.quota);
    },
    (group) => deliver(env, project_id, group),
  );
}

const emptyGroup = (now: number): Group => ({
  hour: Math.floor(now / 3_600_000),
  requests: { pixel: 0, api: 0, postback: 0 },
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
  if (!quota.admits(rejection)) return;
  group.samples.push({ sample: sampleOf(rejection), sent: Object.fromEntries(rejection.sent) });
}

const suppressedOnShard = async (env: Env, project_id: string, named: Parameters<typeof areSuppressed>[1]) => {
  const project = await findProject(env, project_id, Date.now());
  return areSuppressed(databaseOf(onShard(env, project?.shard ?? MAIN)), named);
};

/** A request of an erased person is never recorded, only its errors; while this cannot be checked, no request is. */
async function withoutErased(env: Env, project_id: string, samples: Group["samples"]): Promise<Sample[]> {
  const named = samples.map(({ sent: { player_id, visitor_id } }) => ({ project_id, player_id, visitor_id }));
  const gone = await suppressedOnShard(env, project_id, named).catch((error) => {
    log("warn", "samples without their requests", { project_id, samples: samples.length, error: String(error) });
    return samples.map(() => true);
  });
  return samples.map(({ sample }, index) => (gone[index] ? { ...sample, request: NOTHING_SENT } : sample));
}

async function deliver(env: Env, project_id: string, group: Group): Promise<void> {
  const id = crypto.getRandomValues(new Uint8Array(6)).toHex();
  const { hour, requests } = group;
  const samples = group.samples.length > 0 ? await withoutErased(env, project_id, group.samples) : [];
  const delivery: Delivery = { id, hour, requests, reasons: [...group.reasons.values()], samples };
  try {
    await env.REQUEST_LOG.getByName(project_id).record(delivery);
  } catch {
    try {
      await scheduler.wait(RETRY_AFTER_MS);
      await env.REQUEST_LOG.getByName(project_id).record(delivery);
    } catch (error) {
      const { reasons } = delivery;
      log("error", "rejections not recorded", { project_id, requests, reasons, error: String(error) });
    }
  }
}
