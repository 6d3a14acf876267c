/** Targets of postbacks: made, changed, paused and removed. */

import { sql } from "drizzle-orm";
import * as z from "zod";
import { wake } from "../duties/duty.ts";
import { projectId } from "../event.ts";
import { withoutUndefined } from "../http/body.ts";
import { json } from "../http/operation.ts";
import { Problem } from "../http/problem.ts";
import { parseMoney } from "../money.ts";
import { TARGET_PRESET_NAMES, TARGET_PRESETS } from "../postbacks/presets.ts";
import { targetSenders } from "../postbacks/sending.ts";
import { METHODS, type Target, type TargetSettings, targetsOf } from "../postbacks/target.ts";
import { text } from "../reports/answer.ts";
import { isGuarded } from "../store/guard.ts";
import {
  audited,
  COLUMNS,
  changedTarget,
  check,
  newTarget,
  postbackTarget,
  setIn,
  settingsOf,
  shownTarget,
  stored,
  targetChanges,
  targetOf,
  viewTarget,
} from "./postback-target.ts";
import { route } from "./route.ts";

const MOST_TARGETS = 20;

export const targetsQuery = z.strictObject({ project_id: projectId.optional() });
const targetPreset = z
  .object({
    name: z.enum(TARGET_PRESET_NAMES),
    title: text,
    method: z.enum(METHODS),
    url: text.describe("A template of `url`; fill in what is in angle brackets."),
    docs: text.describe("Where the tracker documents its parameters."),
  })
  .meta({ id: "PostbackPreset" });
const targetsView = z.object({ rows: z.array(postbackTarget), presets: z.array(targetPreset) });
const EXAMPLE = {
  project_id: "default",
  name: "A network",
  event_types: ["deposit"],
  url: "https://tracker.example.com/postback?click={click_id}&payout={amount}&currency={currency}",
};
export type PresetView = z.output<typeof targetPreset>;

const PRESETS = TARGET_PRESET_NAMES.map((name): PresetView => ({ name, ...TARGET_PRESETS[name] }));

const newSecret = () => crypto.getRandomValues(new Uint8Array(24)).toHex();

const administered = { tag: "Postbacks", role: "admin" } as const;

export const postbackRoutes = [
  route(
    {
      id: "listPostbacks",
      method: "get",
      path: "/postbacks",
      ...administered,
      summary: "List the targets of a project",
      description: "Who gets which events, and how each does; and URLs to begin with, for known trackers.",
      query: targetsQuery,
      answers: { 200: { description: "Never their secrets.", content: json(targetsView) } },
    },
    async ({ db, query, projectFor }) => {
      const { project_id } = await projectFor(query.project_id);
      return { rows: (await targetsOf(db, project_id)).map(viewTarget), presets: PRESETS };
    },
  ),
  route(
    {
      id: "createPostback",
      method: "post",
      path: "/postbacks",
      ...administered,
      summary: "Make a target",
      description:
        "It gets what happens from now on. `url` and `body` are templates: macros and rules are in docs/postbacks.md.",
      body: { schema: newTarget, examples: { Deposits: EXAMPLE } },
      answers: { 201: { description: "The target; its secret is shown this once.", content: json(shownTarget) } },
      problems: [409],
      audit: "postback.create",
    },
    async ({ c, readBody, projectFor, act, now }) => {
      const { project_id: named, min_amount, ...given } = await readBody();
      const { project_id } = await projectFor(named);
      const target: Target = {
        banner_tags: null,
        first_deposit: false,
        currency: null,
        test: false,
        conversion_status: null,
        method: "GET",
        body_type: null,
        body: null,
        ...withoutUndefined(given),
        name: given.name,
        event_types: given.event_types,
        url: given.url,
        min_amount: min_amount == null ? null : parseMoney(min_amount),
        id: crypto.randomUUID(),
        project_id,
        secret: newSecret(),
        created_at: now,
        failures: 0,
        paused_at: null,
        paused_by: null,
      };
      check(c, target);
      const insert = sql`INSERT INTO postback_targets (id, project_id, secret, created_at, ${sql.raw(COLUMNS.join(", "))})
      SELECT ${target.id}, ${project_id}, ${target.secret},
        CASE WHEN (SELECT count(*) FROM postback_targets WHERE project_id = ${project_id} AND removed_at IS NULL) < ${MOST_TARGETS}
          THEN ${now} END, ${sql.join(
            COLUMNS.map((column) => sql`${stored(target[column])}`),
            sql`, `,
          )}`;
      const what = { project_id, subject: target.id, details: audited(settingsOf(target)) };
      try {
        await act(what, [insert]);
      } catch (error) {
        if (!isGuarded(error, "postback_targets.created_at")) throw error;
        throw new Problem(409, `${project_id} has ${MOST_TARGETS} targets, which is the most.`);
      }
      return { ...viewTarget(target), secret: target.secret };
    },
  ),
  route(
    {
      id: "changePostback",
      method: "patch",
      path: "/postbacks/:id",
      on: { row: "postback_targets" },
      ...administered,
      summary: "Change, pause or resume a target",
      description:
        "Only the fields that are given. While it is paused, its events wait, 30 days at most; `paused: false` has it sent. `new_secret: true` replaces the secret at once.",
      body: { schema: targetChanges, examples: { Pause: { paused: true }, Secret: { new_secret: true } } },
      answers: { 200: { description: "The target as it is now.", content: json(changedTarget) } },
      problems: [404],
      audit: "postback.change",
    },
    async ({ c, env, db, principal, params, readBody, act, now }) => {
      const { paused, new_secret, min_amount, ...given } = await readBody();
      const target = await targetOf(db, principal, params.id);
      const changes: Partial<TargetSettings> = {
        ...withoutUndefined(given),
        ...(min_amount !== undefined && { min_amount: min_amount === null ? null : parseMoney(min_amount) }),
      };
      check(c, { ...target, ...changes });
      const secret = new_secret ? newSecret() : null;
      const set = [
        ...setIn(changes),
        ...(secret === null ? [] : [sql`secret = ${secret}`]),
        ...(paused === undefined
          ? []
          : paused
            ? [sql`paused_at = ifnull(paused_at, ${now}), paused_by = ifnull(paused_by, 'admin')`]
            : [sql`paused_at = NULL, paused_by = NULL, failures = 0`]),
      ];
      const details = {
        ...audited(changes),
        ...(paused !== undefined && { paused }),
        ...(new_secret && { new_secret }),
      };
      const what = { project_id: target.project_id, subject: target.id, details };
      if (set.length > 0)
        await act(what, [sql`UPDATE postback_targets SET ${sql.join(set, sql`, `)} WHERE id = ${target.id}`]);
      if (paused === false) await wake(env, [targetSenders.nameOf(target.id)]);
      const changed = viewTarget(await targetOf(db, principal, target.id));
      return { ...changed, ...(secret !== null && { secret }) };
    },
  ),
  route(
    {
      id: "removePostback",
      method: "delete",
      path: "/postbacks/:id",
      on: { row: "postback_targets" },
      ...administered,
      summary: "Remove a target",
      description: "Nothing is sent any more; its log goes, too.",
      answers: { 204: { description: "Done." } },
      problems: [404],
      audit: "postback.remove",
    },
    async ({ db, principal, params, act, now }) => {
      const { id, project_id } = await targetOf(db, principal, params.id);
      await act({ project_id, subject: id }, [
        sql`UPDATE postback_targets SET removed_at = ${now}, secret = '' WHERE id = ${id}`,
      ]);
    },
  ),
] as const;
