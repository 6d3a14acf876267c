import { client } from "../api.ts";
import type { Period } from "../period.ts";
import { csvOf, datedOf, given, query } from "../reports.ts";
import type { Scope } from "../scope.ts";

export const funnel = (scope: Scope, period: Period = scope) =>
  query("funnel", { ...datedOf("funnel", scope, period), by: scope.address.by }, (asked, options) =>
    client.funnel.$get({ query: asked }, options),
  );

const byTag = (scope: Scope) => ({
  ...datedOf("funnel", scope),
  by: scope.address.by,
  group_by: "banner_tag" as const,
});

export const funnelByTag = (scope: Scope) =>
  query("funnel", byTag(scope), (asked, options) => client.funnel.$get({ query: asked }, options));

export const funnelCsv = (scope: Scope): string => csvOf(client.funnel.$url({ query: given(byTag(scope)) }));
