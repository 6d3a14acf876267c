/** The questions that views ask. A new one is a function here: its name, its parameters, its call. */
import type { Query } from "./answers.ts";
import { client, read } from "./api.ts";
import type { Period } from "./period.ts";
import type { Scope } from "./scope.ts";

/** Drops what is not asked for. */
type Given<Asked> = { [Name in keyof Asked]: Exclude<Asked[Name], undefined> };
const given = <Asked extends object>(asked: Asked) =>
  Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined)) as Given<Asked>;

type Options = { init: RequestInit };
type Reply<Data> = { ok: boolean; status: number; json(): Promise<Data> };

function query<Asked extends object, Data>(
  name: string,
  asked: Asked,
  call: (asked: Given<Asked>, options: Options) => Promise<Reply<Data>>,
): Query<Data> {
  return {
    key: `${name} ${JSON.stringify(asked)}`,
    ask: (signal) => read(call(given(asked), { init: { signal } })),
  };
}

const filtersOf = ({ address: { project_id, banner_tag } }: Scope) => ({ project_id, banner_tag });
const daysOf = ({ from, to }: Period) => ({ from, to });

const campaignsAsked = (scope: Scope) => {
  const { compare } = scope.address;
  return { ...filtersOf(scope), ...daysOf(scope), compare: compare === "none" ? undefined : compare };
};

export const campaigns = (scope: Scope) =>
  query("campaigns", campaignsAsked(scope), (asked, options) => client.campaigns.$get({ query: asked }, options));

export const campaignsCsv = (scope: Scope): string =>
  client.campaigns.$url({
    query: given({ ...campaignsAsked(scope), sort: scope.address.sort, format: "csv" as const }),
  }).href;

/** `period` may be another one than the scope's, to compare with. */
export const metrics = (scope: Scope, period: Period) =>
  query("metrics", { ...filtersOf(scope), ...daysOf(period), interval: scope.interval }, (asked, options) =>
    client.metrics.$get({ query: asked }, options),
  );

export const funnel = (scope: Scope) =>
  query("funnel", { ...filtersOf(scope), ...daysOf(scope), by: scope.address.by }, (asked, options) =>
    client.funnel.$get({ query: asked }, options),
  );

/** What is settled about a project before any report of it: that it is there, and its clock. */
export const project = (project_id: string | undefined) => ({
  ...query("realtime", { project_id }, (asked, options) => client.realtime.$get({ query: asked }, options)),
  steady: true,
});
