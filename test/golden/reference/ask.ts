/** A question to the reference: the parts of a report's address. */
import type { GoldenChange } from "../payout-rules.ts";
import { type GoldenProject, PROJECTS } from "../projects.ts";
import type { Row, Select } from "./database.ts";

export type Ask = {
  project: GoldenProject;
  query: URLSearchParams;
  /** The part of the path after the report's name. */
  rest: string[];
  /** Null: all tags. */
  tags: string[] | null;
  /** Later rules, decisions and corrections; null: none. */
  changes: readonly GoldenChange[] | null;
  period: { from: string; to: string };
  /** With `$project`, `$from`, `$to` and the query's own parameters; `TAGGED` restricts `banner_tag` to `tags`, `NARROWED` a field, `BEGUN` that of a person's first event. */
  select: Select;
  /** A report's cache of results from these events. */
  kept: Map<string, unknown>;
};

/** The answer that the product should give, as JSON has it. */
export type Report = (ask: Ask) => Promise<unknown>;

/** `limited` are the tags that the asking key is limited to. */
export function takeApart(
  address: string,
  limited: string[] | null,
  changes: Ask["changes"],
  select: Select,
  kept: Ask["kept"],
): { name: string; ask: Ask } {
  const url = new URL(address, "https://reference.example");
  const [name = "", ...rest] = url.pathname
    .replace(/^\/api\/v1\//, "")
    .split("/")
    .map(decodeURIComponent);
  const query = url.searchParams;
  const project = PROJECTS.find(({ project_id }) => project_id === query.get("project_id"));
  if (!project) throw new Error(`${address} names no golden project`);
  const own = query.getAll("banner_tag");
  const tags = own.length === 0 ? limited : own.filter((tag) => limited === null || limited.includes(tag));
  const [without, parts] = [query.getAll("banner_tag_not"), query.getAll("banner_tag_contains")];
  const period = { from: query.get("from") ?? "", to: query.get("to") ?? "" };
  const values = { ...Object.fromEntries(query), project: project.project_id, ...period };
  const lists = { tags: JSON.stringify(tags), without: JSON.stringify(without), parts: JSON.stringify(parts) };
  const listed = (name: keyof typeof lists) => `from_json($${name}, '["VARCHAR"]')`;
  const conditions = [
    ...(tags === null ? [] : [`list_contains(${listed("tags")}, banner_tag)`]),
    ...(without.length === 0 ? [] : [`NOT list_contains(${listed("without")}, coalesce(banner_tag, ''))`]),
    ...(parts.length === 0
      ? []
      : [`len([1 FOR part IN ${listed("parts")} IF contains(lower(banner_tag), lower(part))]) > 0`]),
  ];
  const tagged = conditions.length === 0 ? "true" : `(${conditions.join(" AND ")})`;
  const fields = ["country", "device", "app_id", "platform"].filter((field) => query.has(field));
  const narrowed = ["true", ...fields.map((field) => `${field} = $${field}`)].join(" AND ");
  const begun = ["true", ...fields.map((field) => `first_${field} = $${field}`)].join(" AND ");
  const bound: Select = <T extends Row>(sql: string, more = {}) =>
    select<T>(sql.replaceAll("TAGGED", tagged).replaceAll("NARROWED", narrowed).replaceAll("BEGUN", begun), {
      ...values,
      ...lists,
      ...more,
    });
  return { name, ask: { project, query, rest, tags, changes, period, select: bound, kept } };
}

/** The fields that every answer has. */
export const head = ({ project_id, timezone }: GoldenProject) => ({ project_id, timezone });

/** A share; null if the divisor is zero. */
export const rate = (part: number, whole: number): number | null => (whole > 0 ? part / whole : null);

/** The order of texts in JavaScript; no tag is the empty text. */
export const byText = (a: string | null, b: string | null): number =>
  (a ?? "") < (b ?? "") ? -1 : (a ?? "") > (b ?? "") ? 1 : 0;
