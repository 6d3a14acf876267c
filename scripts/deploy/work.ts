/** What all parts of a deployment know and share. */
import type { Plan } from "../../worker/store/plan.ts";
import type { Api } from "./cloudflare.ts";
import type { Instance, Settings } from "./instance.ts";

/** Both D1 and R2 know these as hints: https://developers.cloudflare.com/d1/configuration/data-location/ */
export const LOCATIONS = ["wnam", "enam", "weur", "eeur", "apac", "oc"] as const;
export type Location = (typeof LOCATIONS)[number];

export const JURISDICTIONS = ["eu"] as const;
export type Jurisdiction = (typeof JURISDICTIONS)[number];

export type Wishes = {
  location: Location | undefined;
  jurisdiction: Jurisdiction | undefined;
  /** Null: what is deployed stays, else wrangler.toml's. */
  plan: Plan | undefined;
  /** A host name of a zone in the account; a workers.dev address without it. */
  domain: string | null;
};

export type Binding = { type: string; name: string; text?: string; jurisdiction?: string };
export type Queue = { queue_id: string; queue_name: string; consumers?: { script?: string; service?: string }[] };

/** How the account is: the checks fill it in, and what is made is put into it. */
export type Found = {
  /** Null where it is not deployed yet. */
  bindings: readonly Binding[] | null;
  secrets: readonly string[];
  database: { id: string; jurisdiction: string | null } | null;
  /** Migrations that are not applied. */
  pending: readonly string[];
  queues: ReadonlyMap<string, Queue | null>;
  bucket: boolean;
  /** Whether the domain leads to this Worker already. */
  domain: boolean;
  subdomain: string | null;
};

export type Work = {
  settings: Settings;
  instance: Instance;
  wishes: Wishes;
  account: string;
  api: Api;
  found: Found;
  /** Where the deployment serves; known once it is uploaded. */
  url: string | null;
};

export const NOTHING_FOUND: Found = {
  bindings: null,
  secrets: [],
  database: null,
  pending: [],
  queues: new Map(),
  bucket: false,
  domain: false,
  subdomain: null,
};

/** Something that keeps a deployment from being made, with what to do about it. */
export type Finding = string;

/** Looks at the account and changes nothing. */
export type Check = {
  name: string;
  /** The right that a token needs for it, as Cloudflare names it; logins by `wrangler login` have them all. */
  right: string;
  look(work: Work): Promise<Finding[]>;
};

/** Does one thing, and does nothing where it is done already: so a deployment that broke off is run again. */
export type Step = {
  name: string;
  /** What it would do, for `--dry-run`, without having looked at the account. */
  would(work: Pick<Work, "settings" | "instance" | "wishes">): string;
  /** Gives what there is to say. */
  run(work: Work): Promise<string>;
};

export const dashboard = (account: string, path: string): string => `https://dash.cloudflare.com/${account}/${path}`;

/** The jurisdiction that the database has or will have: it cannot be changed, so it decides for the bucket, too. */
export const jurisdictionOf = ({ found, wishes }: Pick<Work, "found" | "wishes">): string | null =>
  found.database ? found.database.jurisdiction : (wishes.jurisdiction ?? null);

/** Of which plan it is deployed. */
export function planOf({ wishes, found, settings }: Pick<Work, "wishes" | "found" | "settings">): Plan {
  const deployed = found.bindings?.find(({ type, name }) => type === "plain_text" && name === "PLAN")?.text;
  return (wishes.plan ?? deployed ?? settings.vars.PLAN) === "paid" ? "paid" : "free";
}
