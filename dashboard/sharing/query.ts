/** Requests about share links, and the address of a link. */
import type { ShareView } from "../../worker/admin/shares.ts";
import type { Principal } from "../../worker/http/principal.ts";
import { client } from "../api.ts";
import { query } from "../reports.ts";

export const shares = (project_id: string) =>
  query("shares", { project_id }, (asked, options) => client.shares.$get({ query: asked }, options));

/** The principal of a project's share link: a link can open on the views that this principal may see. */
export const readerOf = (project_id: string): Principal => ({
  role: "viewer",
  project_id,
  banner_tags: null,
  key_id: null,
  share_id: "",
});

export const linkOf = (token: string): string => `${location.origin}/#share=${token}`;

const quoted = (text: string) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
export const embedOf = (token: string, name: string): string =>
  `<iframe src="${location.origin}/embed#share=${token}" title="${quoted(name)}" width="100%" height="800" style="border:0" loading="lazy"></iframe>`;

export type Standing = "open" | "expired" | "revoked";
export const standingOf = ({ revoked_at, expires_at }: ShareView): Standing =>
  revoked_at !== null ? "revoked" : Date.parse(expires_at) <= Date.now() ? "expired" : "open";
