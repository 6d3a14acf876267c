import { client } from "../api.ts";
import { csvOf, given, query } from "../reports.ts";
import type { Scope } from "../scope.ts";
import { words } from "../words.ts";

export const TYPES = { daily: words.common.daily, weekly: words.common.weekly, monthly: words.stored.monthly } as const;
type Type = keyof typeof TYPES;
const NAMES = Object.keys(TYPES) as Type[];

export const typeOf = ({ address }: Scope): Type => NAMES.find((type) => type === address.part) ?? "daily";
const asked = (scope: Scope) => ({ project_id: scope.address.project_id, type: typeOf(scope) });

export const storedReports = (scope: Scope, cursor: string | number | undefined) =>
  query("stored", { ...asked(scope), cursor: cursor === undefined ? undefined : String(cursor) }, (asked, options) =>
    client.reports.$get({ query: asked }, options),
  );
export const storedCsv = (scope: Scope): string => csvOf(client.reports.$url({ query: given(asked(scope)) }));

export const storedReport = ({ address: { project_id } }: Scope, report_id: string) =>
  query(`stored ${report_id}`, { project_id }, (asked, options) =>
    client.reports[":report_id"].$get({ param: { report_id }, query: asked }, options),
  );
