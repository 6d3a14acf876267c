/** A query to the API: a name, parameters, a call. The queries are in the folders of their panels. */
import type { Field } from "../worker/reports/field-filter.ts";
import { type Address, FIELD_NAMES } from "./address.ts";
import type { Query } from "./answers.ts";
import { client, type Reply, read } from "./api.ts";
import type { Client } from "./client.ts";
import type { Period } from "./period.ts";
import type { Scope } from "./scope.ts";

/** Drops absent parameters. */
type Given<Asked> = { [Name in keyof Asked]: Exclude<Asked[Name], undefined> };
export const given = <Asked extends object>(asked: Asked) =>
  Object.fromEntries(
    Object.entries(asked).filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0)),
  ) as Given<Asked>;

type Options = { init: RequestInit };

/** A query, identified by its name and parameters. */
export function query<Asked extends object, Data>(
  name: string,
  asked: Asked,
  call: (asked: Given<Asked>, options: Options) => Promise<Reply<Data>>,
): Query<Data> {
  return {
    key: `${name} ${JSON.stringify(asked)}`,
    ask: (signal) => read(call(given(asked), { init: { signal } })),
  };
}

/** A query whose rows come in pages: all of them, as one answer. */
export function queryAll<Asked extends object, Data extends { rows: unknown[]; next_cursor?: string }>(
  name: string,
  asked: Asked,
  call: (asked: Given<Asked> & { cursor?: string }, options: Options) => Promise<Reply<Data>>,
): Query<Data> {
  const { key } = query(name, asked, call);
  return {
    key,
    ask: async (signal) => {
      const whole = await read(call(given(asked), { init: { signal } }));
      for (let cursor = whole.next_cursor; cursor !== undefined; ) {
        const page = await read(call({ ...given(asked), cursor }, { init: { signal } }));
        for (const row of page.rows) whole.rows.push(row);
        cursor = page.next_cursor;
      }
      return whole;
    },
  };
}

type Routes = Omit<Client, number | symbol>;
type AskedOf<Route> = Route extends { $get: (asked: { query: infer Asked }, ...more: never[]) => unknown }
  ? Asked
  : never;
/** The reports that can be filtered by tag. */
type Report = {
  [Name in keyof Routes]: [AskedOf<Routes[Name]>] extends [never]
    ? never
    : "banner_tag_not" extends keyof AskedOf<Routes[Name]>
      ? Name
      : never;
}[keyof Routes];
type Takes<Asked> = Asked extends { country?: infer Given } ? (string[] extends Given ? "values" : "value") : "none";

/**
 * How many countries, devices, apps and platforms each report accepts. The types are the Worker's: a report that is missing
 * here, or that accepts others, does not compile.
 */
const TAKES: { [Name in Report]: Takes<AskedOf<Routes[Name]>> } = {
  metrics: "values",
  campaigns: "values",
  traffic: "values",
  funnel: "values",
  cohorts: "values",
  revenue: "values",
  kpis: "values",
  events: "value",
  anomalies: "values",
  ltv: "values",
  players: "values",
  conversions: "none",
  statements: "none",
};
type FieldsOf<Name extends Report> = {
  values: Record<Field, string[]>;
  value: Record<Field, string | undefined>;
  none: object;
}[(typeof TAKES)[Name]];

/** Mutable copies of readonly lists, as the typed client requires. */
function fieldsOf<Name extends Report>(report: Name, address: Address): FieldsOf<Name> {
  const takes = TAKES[report];
  const fieldValue = (name: Field) => (takes === "value" ? address[name][0] : [...address[name]]);
  return Object.fromEntries(
    (takes === "none" ? [] : FIELD_NAMES).map((name) => [name, fieldValue(name)]),
  ) as FieldsOf<Name>;
}

/** The parameters of a report: the project, and the filters that it accepts. */
export const aboutOf = <Name extends Report>(report: Name, { address }: Scope) => ({
  project_id: address.project_id,
  banner_tag: [...address.banner_tag],
  banner_tag_not: [...address.banner_tag_not],
  banner_tag_contains: [...address.banner_tag_contains],
  segment_id: address.segment_id,
  ...fieldsOf(report, address),
});
/** The same with days, both included. `period` may be the period of comparison. */
export const daysOf = ({ from, to }: Period) => ({ from, to });
/** The same for a report of some days. */
export const datedOf = <Name extends Report>(report: Name, scope: Scope, period: Period = scope) => ({
  ...aboutOf(report, scope),
  ...daysOf(period),
});

/** The address of the whole answer as a file, without a limit of rows. Downloaded CSV is for spreadsheets. */
export const fileOf = (url: URL, format: "csv" | "ndjson" | "json"): string => {
  url.searchParams.set("format", format === "csv" ? "excel" : format);
  return url.href;
};
export const csvOf = (url: URL): string => fileOf(url, "csv");

/** A part of a file's name with characters that file systems and shells accept. */
const inFileName = (part: string): string => part.replaceAll(/[^\p{L}\p{N}.-]+/gu, "-").slice(0, 40);

const filtersInName = (report: Report, address: Address) => [
  ...address.banner_tag,
  ...address.banner_tag_not.map((tag) => `not-${tag}`),
  ...address.banner_tag_contains.map((part) => `with-${part}`),
  ...Object.values(fieldsOf(report, address)).flat(),
  address.segment_id && `segment-${address.segment_id}`,
];

/**
 * The name of a file without its ending: the project, the report, the filters, and the days. Where filters do not apply,
 * `report` is null.
 */
export function fileNameOf(report: Report | null, scope: Scope, what: string, ...narrowed: (string | undefined)[]) {
  const { project_id, from, to } = scope;
  const filters = [...narrowed, ...(report === null ? [] : filtersInName(report, scope.address))];
  return [project_id, what, ...filters.filter((part) => part !== undefined && part !== ""), from, to]
    .map((part) => inFileName(part as string))
    .join("_");
}

/** What must be known of a project before its reports: that it exists, and its time zone. */
export const project = (project_id: string | undefined) => ({
  ...query("realtime", { project_id }, (asked, options) => client.realtime.$get({ query: asked }, options)),
  steady: true,
});
