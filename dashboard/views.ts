/**
 * The views, in the order of the menu. A view is a component, as a rule a panel with its query and its chart, with a
 * line here and one in views/reports.ts or views/administration.ts. None of its code is here: `loaders.ts` loads it.
 */
import type { FunctionComponent } from "preact";
import { may, type Principal, type Role } from "../worker/http/principal.ts";
import type { Address } from "./address.ts";
import type { Scope } from "./scope.ts";
import { words } from "./words.ts";

export type View = FunctionComponent<{ scope: Scope }>;
export type ViewEntry = {
  title: string;
  group: "Reports" | "People" | "Data" | "Set-up";
  /** The role that it needs. */
  role: Extract<Role, "viewer" | "analyst" | "admin">;
  /** It is about now, or not about days, so there is no period to choose; this may be true for a part of it. */
  undated?: true | ((address: Address, principal: Principal | undefined) => boolean);
  /** There is nothing to compare with. */
  uncompared?: true;
  /** Its figures are not divided by tag: filters do not narrow it, and readers who are limited to tags do not see it. */
  untagged?: true;
  /** Its figures can be narrowed by country, device, app and platform, too. */
  fields?: true;
  /** It names people, so a share link does not open it. */
  people?: true;
  /** It shows only amounts of money, so readers from whom these are hidden do not see it. */
  amounts?: true;
};

export const VIEWS: Record<string, ViewEntry> = {
  overview: { title: words.common.overview, group: "Reports", role: "viewer", fields: true },
  campaigns: {
    title: words.common.campaigns,
    group: "Reports",
    role: "viewer",
    fields: true,
  },
  traffic: { title: words.traffic.trafficSources, group: "Reports", role: "viewer", fields: true },
  funnel: { title: words.common.funnel, group: "Reports", role: "viewer", fields: true },
  cohorts: {
    title: words.common.cohorts,
    group: "Reports",
    role: "viewer",
    fields: true,
  },
  revenue: {
    title: words.common.revenue,
    group: "Reports",
    role: "viewer",
    fields: true,
    amounts: true,
  },
  payouts: {
    title: words.views.payouts,
    group: "Reports",
    role: "viewer",
    uncompared: true,
    amounts: true,
  },
  anomalies: {
    title: words.common.anomalies,
    group: "Reports",
    role: "viewer",
    fields: true,
    uncompared: true,
  },
  quality: {
    title: words.views.trafficQuality,
    group: "Reports",
    role: "viewer",
    uncompared: true,
    untagged: true,
  },
  live: { title: words.common.live, group: "Reports", role: "viewer", undated: true },
  games: {
    title: words.views.games,
    group: "Reports",
    role: "viewer",
    undated: true,
    untagged: true,
    people: true,
  },
  stored: {
    title: words.common.savedReports,
    group: "Reports",
    role: "viewer",
    undated: true,
    untagged: true,
  },
  players: {
    title: words.common.players,
    group: "People",
    role: "viewer",
    fields: true,
    uncompared: true,
    // Readers who may not see people see only pseudonyms here, which have no days.
    undated: ({ player_id }, principal) => player_id !== undefined || principal?.role === "viewer",
    people: true,
  },
  events: {
    title: words.common.events,
    group: "People",
    role: "analyst",
    fields: true,
    uncompared: true,
  },
  requests: {
    title: words.common.requestLog,
    group: "Data",
    role: "admin",
    undated: true,
    untagged: true,
  },
  dead_letters: {
    title: words.common.failedEvents,
    group: "Data",
    role: "admin",
    undated: true,
    untagged: true,
  },
  postbacks: {
    title: words.common.postbacks,
    group: "Data",
    role: "admin",
    undated: true,
    untagged: true,
  },
  alerts: {
    title: words.common.alerts,
    group: "Data",
    role: "admin",
    undated: true,
    untagged: true,
  },
  schemas: { title: words.common.eventRules, group: "Data", role: "analyst", undated: true },
  setup: {
    title: words.common.setUp,
    group: "Set-up",
    role: "admin",
    undated: true,
    untagged: true,
  },
  data_requests: {
    title: words.common.privacyRequests,
    group: "Data",
    role: "admin",
    undated: true,
    untagged: true,
  },
  rates: { title: words.common.exchangeRates, group: "Data", role: "admin", undated: true },
  projections: {
    title: words.views.system,
    group: "Data",
    role: "admin",
    undated: true,
  },
  audit: { title: words.common.auditLog, group: "Data", role: "admin", undated: true },
  projects: { title: words.common.projects, group: "Set-up", role: "admin", undated: true },
  keys: { title: words.common.keys, group: "Set-up", role: "admin", undated: true },
  sharing: { title: words.common.sharing, group: "Set-up", role: "admin", undated: true },
};

/** Technical views, which daily readers do not need: folded in the menu, and in views/administration.ts. */
export const isAdministrative = (group: ViewEntry["group"]): boolean => group === "Data" || group === "Set-up";

/** The view that an address names, if there is one. */
export const viewOf = (name: string): ViewEntry | undefined => (Object.hasOwn(VIEWS, name) ? VIEWS[name] : undefined);

/** Whether somebody may see a view. */
export const isOpenTo = (principal: Principal, { role, untagged, people, amounts }: ViewEntry): boolean =>
  may(principal, role) &&
  !(amounts && principal.hide_amounts) &&
  !(untagged && principal.banner_tags !== null) &&
  !(people && principal.share_id !== undefined);

/** Whether the view has days to choose. */
export const isDated = ({ undated }: ViewEntry, address: Address, principal: Principal | undefined): boolean =>
  typeof undated === "function" ? !undated(address, principal) : !undated;

/** The views that somebody may see, in order. */
export const viewsOf = (principal: Principal): [name: string, entry: ViewEntry][] =>
  Object.entries(VIEWS).filter(([, entry]) => isOpenTo(principal, entry));
