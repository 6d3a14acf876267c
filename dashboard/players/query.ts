/** Requests about the players, and about one of them. */
import type { PlayerProfile } from "../../worker/reports/player.ts";
import type { Query } from "../answers.ts";
import { client } from "../api.ts";
import { inCurrency, inOwn } from "../currency.ts";
import { aboutOf, csvOf, daysOf, fileOf, given, query } from "../reports.ts";
import type { Scope } from "../scope.ts";

type Cursor = string | number | undefined;
type Paged = { cursor: string | undefined };
const cursorOf = (cursor: Cursor): Paged => ({ cursor: cursor === undefined ? undefined : String(cursor) });

export const STEPS = ["visit", "registration", "first_deposit", "repeat_deposit"] as const;
export const SEGMENTS = ["whale", "dolphin", "minnow", "free", "unknown"] as const;
export const SORTS = [
  "-last_event_at",
  "last_event_at",
  "-first_seen",
  "first_seen",
  "-total_deposits",
  "player_id",
] as const;
/** The filter by number of deposits, as in the API. */
const DEPOSITS: Record<string, { deposits_from?: string; deposits_to?: string }> = {
  none: { deposits_to: "0" },
  once: { deposits_from: "1", deposits_to: "1" },
  more: { deposits_from: "2" },
};
/** The order in which the list comes from `/ltv`. */
export const BY_SPEND = "-spend_usd";
const oneOf = <Name extends string>(names: readonly Name[], given: string | undefined) =>
  names.find((name) => name === given);

export const stepOf = ({ address }: Scope) => oneOf(STEPS, address.part);

/** A search by name ignores the period. */
const asked = (scope: Scope) => {
  const { search, segment, sort, deposits } = scope.address;
  const funnel_step = stepOf(scope);
  return {
    ...aboutOf("players", scope),
    ...inCurrency(scope),
    ...(search === undefined || funnel_step ? daysOf(scope) : {}),
    search,
    segment: oneOf(SEGMENTS, segment),
    sort: oneOf(SORTS, sort),
    funnel_step,
    ...(deposits !== undefined && Object.hasOwn(DEPOSITS, deposits) && DEPOSITS[deposits]),
  };
};

export const players = (scope: Scope, cursor: Cursor) =>
  query("players", { ...asked(scope), ...cursorOf(cursor) }, (asked, options) =>
    client.players.$get({ query: asked }, options),
  );
export const playersCsv = (scope: Scope): string => csvOf(client.players.$url({ query: given(asked(scope)) }));

const spending = (scope: Scope) => ({
  ...aboutOf("ltv", scope),
  ...inCurrency(scope),
  segment: oneOf(SEGMENTS, scope.address.segment),
});

export function spenders(scope: Scope, cursor: Cursor) {
  const asked = inOwn(
    query("spenders", { ...spending(scope), limit: "100", ...cursorOf(cursor) }, (asked, options) =>
      client.ltv.$get({ query: asked }, options),
    ),
  );
  return {
    ...asked,
    // `rows` is absent only for readers who may not see who the players are, and this list is not shown to them.
    ask: async (signal: AbortSignal) => {
      const { rows = [], next_cursor } = await asked.ask(signal);
      return { rows, ...(next_cursor !== undefined && { next_cursor }) };
    },
  };
}
export type Spender = Awaited<ReturnType<ReturnType<typeof spenders>["ask"]>>["rows"][number];
export const spendersCsv = (scope: Scope): string => csvOf(client.ltv.$url({ query: given(spending(scope)) }));

const projectOf = ({ address: { project_id } }: Scope) => ({ project_id });

export const profiles = (scope: Scope, cursor: Cursor) =>
  query("profiles", { ...projectOf(scope), ...cursorOf(cursor) }, (asked, options) =>
    client.profiles.$get({ query: asked }, options),
  );
export const profilesCsv = (scope: Scope): string => csvOf(client.profiles.$url({ query: given(projectOf(scope)) }));

/** With amounts in the project's currency, which the API returns only on request. */
export type OwnProfile = PlayerProfile & Required<Pick<PlayerProfile, "converted" | "currency">>;
export const profile = (scope: Scope, player_id: string) =>
  query(`player ${player_id}`, { ...projectOf(scope), ...inCurrency(scope) }, (asked, options) =>
    client.players[":player_id"].$get({ param: { player_id }, query: asked }, options),
  ) as Query<OwnProfile>;
export const stats = (scope: Scope, player_id: string) =>
  query(`stats ${player_id}`, projectOf(scope), (asked, options) =>
    client.players[":player_id"].stats.$get({ param: { player_id }, query: asked }, options),
  );

const timed = (scope: Scope) => ({ ...projectOf(scope), event_type: scope.address.event_type });
export const timeline = (scope: Scope, player_id: string, cursor: Cursor) =>
  query(`timeline ${player_id}`, { ...timed(scope), ...cursorOf(cursor) }, (asked, options) =>
    client.players[":player_id"].events.$get({ param: { player_id }, query: asked }, options),
  );
export const timelineCsv = (scope: Scope, player_id: string): string =>
  csvOf(client.players[":player_id"].events.$url({ param: { player_id }, query: given(timed(scope)) }));

export const exportOf = (scope: Scope, player_id: string, format: "json" | "csv" | "ndjson"): string =>
  fileOf(client.players[":player_id"].export.$url({ param: { player_id }, query: given(projectOf(scope)) }), format);
