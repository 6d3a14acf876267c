/**
 * The views, in the order of the menu. A view is a file that exports `View`, as a rule a panel with its query and
 * its chart, and a line here; its code is loaded when it is first shown.
 */
import type { FunctionComponent } from "preact";
import { may, type Principal, type Role } from "../../worker/http/principal.ts";
import type { Address } from "../address.ts";
import type { Scope } from "../scope.ts";

export type ViewModule = { View: FunctionComponent<{ scope: Scope }> };
export type ViewEntry = {
  title: string;
  group: "Reports" | "People" | "Data" | "Set-up";
  /** What it takes to see it. */
  role: Extract<Role, "viewer" | "analyst" | "admin">;
  load: () => Promise<ViewModule>;
  /** It is about now, or about no days at all, so that there is no period to choose; perhaps a part of it alone. */
  undated?: true | ((address: Address, principal: Principal | undefined) => boolean);
  /** There is nothing to compare with. */
  uncompared?: true;
  /** Its figures are not kept by tag: filters do not narrow it, and who may see some tags only does not see it. */
  untagged?: true;
  /** It names people, so a share link does not open it. */
  people?: true;
};

export const VIEWS: Record<string, ViewEntry> = {
  overview: { title: "Overview", group: "Reports", role: "viewer", load: () => import("./overview.tsx") },
  campaigns: { title: "Campaigns", group: "Reports", role: "viewer", load: () => import("./campaigns.tsx") },
  funnel: { title: "Funnel", group: "Reports", role: "viewer", load: () => import("./funnel.tsx"), uncompared: true },
  live: { title: "Live", group: "Reports", role: "viewer", load: () => import("./live.tsx"), undated: true },
  games: {
    title: "Games",
    group: "Reports",
    role: "viewer",
    load: () => import("./games.tsx"),
    undated: true,
    untagged: true,
    people: true,
  },
  stored: {
    title: "Stored reports",
    group: "Reports",
    role: "viewer",
    load: () => import("./stored.tsx"),
    undated: true,
    untagged: true,
  },
  players: {
    title: "Players",
    group: "People",
    role: "viewer",
    load: () => import("./players.tsx"),
    uncompared: true,
    // Pseudonyms have no days: they are all there is to see for who may not know them.
    undated: ({ player_id }, principal) => player_id !== undefined || principal?.role === "viewer",
    people: true,
  },
  events: { title: "Events", group: "People", role: "analyst", load: () => import("./events.tsx"), uncompared: true },
};

/** The view that an address names, if there is one. */
export const viewOf = (name: string): ViewEntry | undefined => (Object.hasOwn(VIEWS, name) ? VIEWS[name] : undefined);

/** Whether somebody may see a view. */
export const isOpenTo = (principal: Principal, { role, untagged, people }: ViewEntry): boolean =>
  may(principal, role) &&
  !(untagged && principal.banner_tags !== null) &&
  !(people && principal.share_id !== undefined);

/** Whether the view has days to choose. */
export const isDated = ({ undated }: ViewEntry, address: Address, principal: Principal | undefined): boolean =>
  typeof undated === "function" ? !undated(address, principal) : !undated;

/** The views that somebody may see, in order. */
export const viewsOf = (principal: Principal): [name: string, entry: ViewEntry][] =>
  Object.entries(VIEWS).filter(([, entry]) => isOpenTo(principal, entry));
