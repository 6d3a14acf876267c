/**
 * The views, in the order of the menu. A view is a file that exports `View`, as a rule a panel with its query and
 * its chart, and a line here; its code is loaded when it is first shown.
 */
import type { FunctionComponent } from "preact";
import type { Scope } from "../scope.ts";

export type ViewModule = { View: FunctionComponent<{ scope: Scope }> };
export type ViewEntry = {
  title: string;
  load: () => Promise<ViewModule>;
  /** It is about now, so that there is no period to choose. */
  undated?: true;
};

export const VIEWS: Record<string, ViewEntry> = {
  overview: { title: "Overview", load: () => import("./overview.tsx") },
  campaigns: { title: "Campaigns", load: () => import("./campaigns.tsx") },
  funnel: { title: "Funnel", load: () => import("./funnel.tsx") },
  live: { title: "Live", load: () => import("./live.tsx"), undated: true },
};

/** The view that an address names, if there is one. */
export const viewOf = (name: string): ViewEntry | undefined => (Object.hasOwn(VIEWS, name) ? VIEWS[name] : undefined);
