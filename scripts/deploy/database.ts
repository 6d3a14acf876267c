/** The D1 databases: `DB`, and one for each shard. */
import { orNull } from "./cloudflare.ts";
import type { Database } from "./instance.ts";
import { pendingIn } from "./migrations.ts";
import { type Check, type Finding, type FoundDatabase, jurisdictionOf, type Step, type Work } from "./work.ts";
import { wrangler } from "./wrangler.ts";

/** From https://developers.cloudflare.com/api/resources/d1/ ("Get D1 Database"). */
type Answer = { uuid: string; jurisdiction?: string | null };
type Rows = { results: { name: string }[] }[];

const NO_SUCH_DATABASE = 7404;

async function find({ api, account }: Work, { id, name }: Database): Promise<Omit<FoundDatabase, "pending"> | null> {
  const wanted = encodeURIComponent(id ?? name);
  const answer = await orNull(api.get<Answer>(`/accounts/${account}/d1/database/${wanted}`), NO_SUCH_DATABASE);
  return answer && { id: answer.uuid, jurisdiction: answer.jurisdiction ?? null };
}

/** Names of tables, or of applied migrations. */
async function names({ api, account }: Work, id: string, query: string): Promise<string[]> {
  const [answer] = await api.post<Rows>(`/accounts/${account}/d1/database/${id}/query`, { sql: query });
  return (answer?.results ?? []).map(({ name }) => name);
}

const TABLES =
  "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '_cf_%'";

/** Looks at one database, and notes what it finds in `work.found`. */
async function lookAt(work: Work, database: Database): Promise<Finding[]> {
  const found = await find(work, database);
  const tables = found ? await names(work, found.id, TABLES) : [];
  const applied =
    found && tables.includes("d1_migrations") ? await names(work, found.id, "SELECT name FROM d1_migrations") : [];
  work.found.databases.set(database.binding, found && { ...found, pending: pendingIn(applied) });
  if (tables.length === 0 || tables.includes("events") || tables.every((name) => name === "d1_migrations")) return [];
  return [
    `The database ${database.name} has tables of something else: give this one another database_name in wrangler.toml.`,
  ];
}

/** A database cannot change its jurisdiction, and what an instance keeps is in one. */
function jurisdictionFindings(work: Work): Finding[] {
  const { instance, found, wishes } = work;
  const jurisdiction = jurisdictionOf(work);
  const inWords = (name: string | null) => (name === null ? "without a jurisdiction" : `in the jurisdiction ${name}`);
  const [main] = instance.databases;
  if (main && wishes.jurisdiction !== undefined && wishes.jurisdiction !== jurisdiction)
    return [
      `The database ${main.name} exists ${inWords(jurisdiction)}, which cannot be changed: leave --jurisdiction out, or deploy anew under another name (--env).`,
    ];
  return instance.databases.flatMap(({ binding, name }) => {
    const shard = found.databases.get(binding);
    if (!shard || shard.jurisdiction === jurisdiction) return [];
    return [
      `The database ${name} exists ${inWords(shard.jurisdiction)}, and the others are ${inWords(jurisdiction)}: give this one another database_name in wrangler.toml.`,
    ];
  });
}

export const databaseCheck: Check = {
  name: "database",
  right: "D1: Edit",
  async look(work) {
    const findings = await Promise.all(work.instance.databases.map((database) => lookAt(work, database)));
    return [...findings.flat(), ...jurisdictionFindings(work)];
  },
};

const placed = (jurisdiction: string | null, { location }: Work["wishes"]): string[] =>
  jurisdiction ? ["--jurisdiction", jurisdiction] : location ? ["--location", location] : [];

export const databaseStep: Step = {
  name: "database",
  would: ({ instance, wishes }) =>
    instance.databases
      .map(({ name }) =>
        ["wrangler d1 create", name, ...placed(wishes.jurisdiction ?? null, wishes), "(where there is none)"].join(" "),
      )
      .join("\n"),
  async run(work) {
    const { instance, found, wishes } = work;
    const missing = instance.databases.filter(({ binding }) => !found.databases.get(binding));
    for (const database of missing) {
      await wrangler(["d1", "create", database.name, ...placed(jurisdictionOf(work), wishes)]);
      const made = await find(work, database);
      found.databases.set(database.binding, made && { ...made, pending: pendingIn([]) });
    }
    const listed = (all: readonly Database[]) => all.map(({ name }) => name).join(" and ");
    if (missing.length > 0) return `made ${listed(missing)}`;
    return `${listed(instance.databases)} ${instance.databases.length === 1 ? "is" : "are"} there`;
  },
};
