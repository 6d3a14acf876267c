import { FIELD_TITLES } from "../address.ts";
import { client } from "../api.ts";
import { csvOf, datedOf, given, queryAll } from "../reports.ts";
import type { Scope } from "../scope.ts";

/** What people are grouped by, and its name. */
export const DIMENSIONS = { country: FIELD_TITLES.country, device: FIELD_TITLES.device, app_id: FIELD_TITLES.app_id };
export type Dimension = keyof typeof DIMENSIONS;
export const NAMES = Object.keys(DIMENSIONS) as Dimension[];

export const dimensionOf = ({ address }: Pick<Scope, "address">): Dimension =>
  NAMES.find((name) => name === address.group_by) ?? "country";

const asked = (scope: Scope) => ({ ...datedOf("metrics", scope), group_by: dimensionOf(scope) });

export const breakdown = (scope: Scope) =>
  queryAll("metrics", asked(scope), (asked, options) => client.metrics.$get({ query: asked }, options));

export const breakdownCsv = (scope: Scope): string => csvOf(client.metrics.$url({ query: given(asked(scope)) }));
