import { client } from "../api.ts";
import { datedOf, query } from "../reports.ts";
import type { Scope } from "../scope.ts";

export const funnel = (scope: Scope) =>
  query("funnel", { ...datedOf(scope), by: scope.address.by }, (asked, options) =>
    client.funnel.$get({ query: asked }, options),
  );
