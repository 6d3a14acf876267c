/** The types and helpers that all parts of a deployment share. */
import type { Plan } from "../../worker/store/plan.ts";
import type { Api } from "./cloudflare.ts";
import type { Instance, Settings } from "./instance.ts";

/** The location hints of both D1 and R2: https://developers.cloudflare.com/d1/configuration/data-location/ */
export const LOCATIONS = ["wnam", "enam", "weur", "eeur", "apac", "oc"] as const;
export type Location = (typeof LOCATIONS)[number];

export const JURISDICTIONS = ["eu"] as const;
export type Jurisdiction = (typeof JURISDICTIONS)[number];

export type Wishes = {
  location: Location | undefined;
  jurisdiction: Jurisdiction | undefined;
  /** Where it is absent, the deployed plan stays; a first deployment takes the plan of wrangler.toml. */
  plan: Plan | undefined;
  /** A host name in a zone of the account; null: a workers.dev address. */
  domain: string | null;
};

export type Binding = { type: string; name: string; text?: string; jurisdiction?: string };
export type Queue = { queue_id: string; queue_name: string; consumers?: { script?: string; service?: string }[] };

export type FoundDatabase = {
  id: string;
  jurisdiction: string | null;
  /** Migrations that are not applied. */
  pending: readonly string[];
};

/** The state of the account. Checks fill it in, and steps add what they create. */
export type Found = {
  /** Null where the Worker is not deployed yet. */
  bindings: readonly Binding[] | null;
  secrets: readonly string[];
  /** By binding; null where there is none yet. */
  databases: Map<string, FoundDatabase | null>;
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
  /** The address of the instance, known after the upload. */
  url: string | null;
};

export const nothingFound = (): Found => ({
  bindings: null,
  secrets: [],
  databases: new Map(),
  queues: new Map(),
  bucket: false,
  domain: false,
  subdomain: null,
});

/** A sentence about a problem that prevents the deployment, and how to correct it. */
export type Finding = string;

/** Reads from the account and changes nothing. */
export type Check = {
  name: string;
  /** The right that a token needs for it, by Cloudflare's name; a login by `wrangler login` has all of them. */
  right: string;
  look(work: Work): Promise<Finding[]>;
};

/** Does one thing, and nothing where it is done already, so that a deployment that broke off can be run again. */
export type Step = {
  name: string;
  /** What the step would do, for `--dry-run`, which does not read the account. */
  would(work: Pick<Work, "settings" | "instance" | "wishes">): string;
  /** Returns a line about what was done. */
  run(work: Work): Promise<string>;
};

export const dashboard = (account: string, path: string): string => `https://dash.cloudflare.com/${account}/${path}`;

/** The jurisdiction that the first database has or will have. It cannot be changed, so the others and the bucket get it, too. */
export function jurisdictionOf({ found, wishes }: Pick<Work, "found" | "wishes">): string | null {
  const main = found.databases.get("DB");
  return main ? main.jurisdiction : (wishes.jurisdiction ?? null);
}

/** The plan for which the instance is deployed. */
export function planOf({ wishes, found, settings }: Pick<Work, "wishes" | "found" | "settings">): Plan {
  const deployed = found.bindings?.find(({ type, name }) => type === "plain_text" && name === "PLAN")?.text;
  return (wishes.plan ?? deployed ?? settings.vars.PLAN) === "paid" ? "paid" : "free";
}
