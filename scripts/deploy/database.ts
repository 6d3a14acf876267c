/** The D1 database. */
import { orNull } from "./cloudflare.ts";
import { pendingIn } from "./migrations.ts";
import { type Check, jurisdictionOf, type Step, type Work } from "./work.ts";
import { wrangler } from "./wrangler.ts";

/** From https://developers.cloudflare.com/api/resources/d1/ ("Get D1 Database"). */
type Database = { uuid: string; jurisdiction?: string | null };
type Rows = { results: { name: string }[] }[];

const NO_SUCH_DATABASE = 7404;

async function find({ api, account, instance, found }: Work): Promise<void> {
  const wanted = encodeURIComponent(instance.databaseId ?? instance.database);
  const database = await orNull(api.get<Database>(`/accounts/${account}/d1/database/${wanted}`), NO_SUCH_DATABASE);
  found.database = database && { id: database.uuid, jurisdiction: database.jurisdiction ?? null };
}

/** Names of tables, or of applied migrations. */
async function names({ api, account, found }: Work, query: string): Promise<string[]> {
  const [answer] = await api.post<Rows>(`/accounts/${account}/d1/database/${found.database?.id}/query`, { sql: query });
  return (answer?.results ?? []).map(({ name }) => name);
}

const TABLES =
  "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '_cf_%'";

export const databaseCheck: Check = {
  name: "database",
  right: "D1: Edit",
  async look(work) {
    await find(work);
    const { instance, found, wishes } = work;
    const tables = found.database ? await names(work, TABLES) : [];
    const applied = tables.includes("d1_migrations") ? await names(work, "SELECT name FROM d1_migrations") : [];
    found.pending = pendingIn(applied);
    const findings: string[] = [];
    if (tables.length > 0 && !tables.includes("events") && !tables.every((name) => name === "d1_migrations"))
      findings.push(
        `The database ${instance.database} has tables of something else: give this one another database_name in wrangler.toml.`,
      );
    const jurisdiction = jurisdictionOf(work);
    if (wishes.jurisdiction !== undefined && wishes.jurisdiction !== jurisdiction)
      findings.push(
        `The database ${instance.database} exists ${jurisdiction === null ? "without a jurisdiction" : `in the jurisdiction ${jurisdiction}`}, which cannot be changed: leave --jurisdiction out, or deploy anew under another name (--env).`,
      );
    return findings;
  },
};

const placed = ({ location, jurisdiction }: Work["wishes"]): string[] =>
  jurisdiction ? ["--jurisdiction", jurisdiction] : location ? ["--location", location] : [];

export const databaseStep: Step = {
  name: "database",
  would: ({ instance, wishes }) =>
    ["wrangler d1 create", instance.database, ...placed(wishes), "(where there is none)"].join(" "),
  async run(work) {
    const { instance, found, wishes } = work;
    if (found.database) return `${instance.database} is there`;
    await wrangler(["d1", "create", instance.database, ...placed(wishes)]);
    await find(work);
    return `made ${instance.database}`;
  },
};
