/** Sources of inbound postbacks: how a source is found by its address, and how a sender proves that it is the source. */
import { sql } from "drizzle-orm";
import { isSigned } from "../collect/signature.ts";
import { sameDigest, sha256 } from "../http/keys.ts";
import type { Database } from "../store/database.ts";
import type { Template } from "./template.ts";

export const SECURED_BY = ["token", "signature", "both"] as const;
export type SecuredBy = (typeof SECURED_BY)[number];

export type Source = {
  id: string;
  project_id: string;
  name: string;
  secured_by: SecuredBy;
  token_hash: string | null;
  signing_secret: string | null;
  template: Template;
  created_at: number;
  paused_at: number | null;
};
type Row = Omit<Source, "template"> & { template: string };
const sourceOf = (row: Row): Source => ({ ...row, template: JSON.parse(row.template) });

export const sourcesOf = async (db: Database, project_id: string): Promise<Source[]> =>
  (
    await db.all<Row>(sql`SELECT * FROM postback_sources WHERE project_id = ${project_id} ORDER BY created_at, name`)
  ).map(sourceOf);

export async function findSource(db: Database, id: string): Promise<Source | null> {
  const row = await db.get<Row>(sql`SELECT * FROM postback_sources WHERE id = ${id}`);
  return row ? sourceOf(row) : null;
}

const DEFAULT = "default";
/** `<project>.<name>`; of the project `default` the name alone. */
export const addressOf = ({ project_id, name }: Pick<Source, "project_id" | "name">): string =>
  project_id === DEFAULT ? name : `${project_id}.${name}`;

export function namedBy(address: string): Pick<Source, "project_id" | "name"> {
  const [first = "", ...rest] = address.split(".");
  return rest.length === 0 ? { project_id: DEFAULT, name: first } : { project_id: first, name: rest.join(".") };
}

export async function sourceAt(db: Database, address: string): Promise<Source | null> {
  const { project_id, name } = namedBy(address);
  const row = await db.get<Row>(
    sql`SELECT * FROM postback_sources WHERE project_id = ${project_id} AND name = ${name}`,
  );
  return row ? sourceOf(row) : null;
}

/** The proof in a request: the token of its path or header, and the pairs that are signed. */
export type Proof = { token: string; query: URLSearchParams };

/** Which proof is missing or wrong; null is none. */
export async function unproved(source: Source, { token, query }: Proof): Promise<"token" | "sig" | null> {
  const { token_hash, signing_secret } = source;
  if (token_hash !== null && !sameDigest(await sha256(token), token_hash)) return "token";
  if (signing_secret !== null && !(await isSigned(query, signing_secret))) return "sig";
  return null;
}

export type Secrets = { token: string | null; signing_secret: string | null };
const random = () => crypto.getRandomValues(new Uint8Array(24)).toHex();
export const newSecrets = (secured_by: SecuredBy): Secrets => ({
  token: secured_by === "signature" ? null : random(),
  signing_secret: secured_by === "token" ? null : random(),
});
