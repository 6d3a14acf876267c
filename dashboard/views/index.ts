/**
 * The views, in the order of the menu. A view is a file that exports `View`, as a rule a panel with its query and
 * its chart, and a line here; its code is loaded when it is first shown.
 */
import type { FunctionComponent } from "preact";
import { may, type Principal, type Role } from "../../worker/http/principal.ts";
import type { Scope } from "../scope.ts";

export type ViewModule = { View: FunctionComponent<{ scope: Scope }> };
export type ViewEntry = {
  title: string;
  group: "Reports" | "People" | "Data" | "Set-up";
  /** What it takes to see it. */
  role: Extract<Role, "viewer" | "analyst" | "admin">;
  load: () => Promise<ViewModule>;
  /** It is about now, or about no days at all, so that there is no period to choose. */
  undated?: true;
  /** There is nothing to compare with. */
  uncompared?: true;
  /** Its figures are not kept by tag: filters do not narrow it, and who may see some tags only does not see it. */
  untagged?: true;
  /** Its rows are people: who came by a share link does not see it. */
  people?: true;
};

export const VIEWS: Record<string, ViewEntry> = {
  overview: { title: "Overview", group: "Reports", role: "viewer", load: () => import("./overview.tsx") },
  campaigns: { title: "Campaigns", group: "Reports", role: "viewer", load: () => import("./campaigns.tsx") },
  funnel: { title: "Funnel", group: "Reports", role: "viewer", load: () => import("./funnel.tsx"), uncompared: true },
  live: { title: "Live", group: "Reports", role: "viewer", load: () => import("./live.tsx"), undated: true },
  data_requests: {
    title: "Data requests",
    group: "Data",
    role: "admin",
    load: () => import("./data-requests.tsx"),
    undated: true,
    untagged: true,
  },
  rates: { title: "Exchange rates", group: "Data", role: "admin", load: () => import("./rates.tsx"), undated: true },
  projections: {
    title: "System",
    group: "Data",
    role: "admin",
    load: () => import("./projections.tsx"),
    undated: true,
  },
  audit: { title: "Audit log", group: "Data", role: "admin", load: () => import("./audit.tsx"), undated: true },
  projects: { title: "Projects", group: "Set-up", role: "admin", load: () => import("./projects.tsx"), undated: true },
  keys: { title: "Keys", group: "Set-up", role: "admin", load: () => import("./keys.tsx"), undated: true },
  sharing: { title: "Sharing", group: "Set-up", role: "admin", load: () => import("./sharing.tsx"), undated: true },
};

/** The view that an address names, if there is one. */
export const viewOf = (name: string): ViewEntry | undefined => (Object.hasOwn(VIEWS, name) ? VIEWS[name] : undefined);

/** Whether somebody may see a view. */
export const isOpenTo = (principal: Principal, { role, untagged, people }: ViewEntry): boolean =>
  may(principal, role) &&
  !(untagged && principal.banner_tags !== null) &&
  !(people && principal.share_id !== undefined);

/** The views that somebody may see, in order. */
export const viewsOf = (principal: Principal): [name: string, entry: ViewEntry][] =>
  Object.entries(VIEWS).filter(([, entry]) => isOpenTo(principal, entry));
