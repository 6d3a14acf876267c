/**
 * An upgrade loses no data, and the previous version can still run meanwhile. At each earlier state of the database every
 * table gets rows, made from its schema; then each later migration is applied, and its result is checked.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { describe, expect, it } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");
const folder = join(ROOT, "migrations");
const names = readdirSync(folder).sort();
const textOf = (name: string) => readFileSync(join(folder, name), "utf8");

/** What a migration removes or changes on purpose, by its number and table, with the reason. */
const ON_PURPOSE: Record<string, Record<string, string>> = {
  "0006": { players: "Its projection begins at the first event again and makes it anew, with a third deposit." },
  "0017": { unfinished_batches: "Notes for ten minutes, about attempts that failed." },
  "0018": { transactions: "A bot's event has no transaction any more, so that it stands in nobody's way." },
  "0020": {
    archive_files: "A planned file is given up: its writer was of a version that knows no writers.",
    sweeps: "The place within a sweep goes to a table of its own.",
  },
  "0028": { projections: "The reader of postbacks begins at the end of a log that is there already." },
};

/**
 * The tables that the previous version's Worker cannot write, by migration. These are from before versions had numbers;
 * from `FIRST_COMPATIBLE` on there are none.
 */
const FIRST_COMPATIBLE = "0024";
const BREAKS: Record<string, string[]> = {
  "0017": ["unfinished_batches"],
  "0018": ["events", "transactions", "retired_events", "dead_letters"],
  "0020": ["sweeps"],
};

type Column = { name: string; type: string; notnull: 0 | 1; hidden: number; pk: number };
type Table = { name: string; sql: string; columns: Column[] };
type Row = Record<string, SQLInputValue>;

function tablesOf(db: DatabaseSync): Table[] {
  const found = db
    .prepare("SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
    .all() as unknown as Omit<Table, "columns">[];
  return found.map((table) => ({
    ...table,
    columns: (db.prepare(`PRAGMA table_xinfo(${table.name})`).all() as unknown as Column[]).filter(
      // Columns that SQLite computes cannot be written.
      ({ hidden }) => hidden === 0,
    ),
  }));
}

/** Values that a column accepts, from its rule, its comment and its type in the schema. */
function choicesOf({ sql }: Table, { name, type, notnull, pk }: Column, n: number): SQLInputValue[] {
  const [, listed] = new RegExp(`CHECK \\(${name} IN \\(([^)]+)\\)`).exec(sql) ?? [];
  const [, fixed] = new RegExp(`CHECK \\(${name} = (\\d+)\\)`).exec(sql) ?? [];
  const isJson = new RegExp(`-- JSON[^\\n]*\\n\\s*${name} `).test(sql);
  const isDatedList = sql.includes(`json_extract(substr(${name}, 17)`);
  const text = isJson ? `[${n}]` : isDatedList ? `${String(n).padStart(15, "0")} ["a","b"]` : `${name}-${n}`;
  const literals = listed?.split(",").map((text) => text.trim().replaceAll("'", ""));
  const isNumber = type === "INTEGER" || type === "REAL";
  const value =
    literals?.map((text) => (isNumber ? Number(text) : text)) ??
    (fixed !== undefined ? [Number(fixed)] : isNumber ? [n] : [text]);
  return notnull === 0 && pk === 0 ? [...value, null] : value;
}

const insert = (db: DatabaseSync, table: string, row: Row) =>
  db
    .prepare(
      `INSERT INTO ${table} (${Object.keys(row).join(", ")}) VALUES (${Object.keys(row)
        .map(() => "?")
        .join(", ")})`,
    )
    .run(...Object.values(row));

const ROWS = 8;
/** Combinations of choices that are tried until one satisfies rules over several columns. */
const TRIES = 64;

/** The nth row: ids with the same number belong together in all tables, and each choice comes up in some row. */
function fillRow(db: DatabaseSync, table: Table, n: number): Row | null {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const row = Object.fromEntries(
      table.columns.map((column, index) => {
        const choices = choicesOf(table, column, n);
        // Each bit of the attempt moves some columns to their next choice.
        const choice = n + ((attempt >> (index % 6)) & 1);
        return [column.name, choices[choice % choices.length] as SQLInputValue];
      }),
    );
    try {
      insert(db, table.name, row);
      return row;
    } catch (error) {
      if (!/constraint failed/.test(String(error))) throw error;
    }
  }
  return null;
}

function fill(db: DatabaseSync): void {
  for (const table of tablesOf(db)) {
    for (let n = 1; n <= ROWS; n++) fillRow(db, table, n);
    const { rows } = db.prepare(`SELECT count(*) AS rows FROM ${table.name}`).get() as { rows: number };
    // A table that may have only one row, or has rows from its migration.
    expect([table.name, rows >= (/CHECK \(id = \d\)/.test(table.sql) ? 1 : ROWS)]).toEqual([table.name, true]);
  }
}

/** The database with the first migrations. */
function at(state: number): DatabaseSync {
  const db = new DatabaseSync(":memory:");
  for (const name of names.slice(0, state)) db.exec(textOf(name));
  return db;
}

/** Each set of columns that identifies a row: the sets that ON CONFLICT can name. */
function keysOf(db: DatabaseSync, { name, columns }: Table): string[] {
  const primary = columns.filter(({ pk }) => pk > 0).toSorted((a, b) => a.pk - b.pk);
  const indexes = db.prepare(`PRAGMA index_list(${name})`).all() as { name: string; unique: number; partial: number }[];
  const unique = indexes
    .filter((index) => index.unique === 1)
    .map((index) =>
      (db.prepare(`PRAGMA index_info(${index.name})`).all() as { name: string }[]).map((one) => one.name),
    );
  return [primary.map((column) => column.name), ...unique].map((key) => key.join(", ")).filter(Boolean);
}

const namesOf = ({ columns }: Table) => columns.map(({ name }) => name);
const rowsOf = (db: DatabaseSync, table: Table) =>
  db.prepare(`SELECT ${namesOf(table).join(", ")} FROM ${table.name}`).all() as Row[];
const told = (rows: readonly Row[], columns: readonly string[]) =>
  rows.map((row) => JSON.stringify(columns.map((name) => row[name]))).sort();

/** Tables whose rows changed, in the columns that exist before and after. */
function changedBy(migration: string, db: DatabaseSync): string[] {
  const before = tablesOf(db).map((table) => ({ table, rows: rowsOf(db, table) }));
  db.exec(textOf(migration));
  const after = new Map(tablesOf(db).map((table) => [table.name, table]));
  return before.flatMap(({ table, rows }) => {
    const now = after.get(table.name);
    if (!now) return [table.name];
    const columns = namesOf(table).filter((name) => namesOf(now).includes(name));
    const same = JSON.stringify(told(rows, columns)) === JSON.stringify(told(rowsOf(db, now), columns));
    return same && columns.length === namesOf(table).length ? [] : [table.name];
  });
}

const number = (migration: string) => migration.slice(0, 4);

describe("rows", () => {
  /** By the number of a migration, the tables that it changed in any of the states. */
  const changed = new Map<string, Set<string>>();

  it.each(names.slice(0, -1).map((name, index) => [name, index + 1] as const))(
    "of a database after %s all survive each later migration",
    (_, state) => {
      const db = at(state);
      fill(db);
      for (const migration of names.slice(state)) {
        const tables = changedBy(migration, db);
        const allowed = Object.keys(ON_PURPOSE[number(migration)] ?? {});
        expect([migration, tables.filter((name) => !allowed.includes(name))]).toEqual([migration, []]);
        changed.set(number(migration), (changed.get(number(migration)) ?? new Set()).union(new Set(tables)));
      }
    },
  );

  it("are listed as changed on purpose only if a migration really changes them", () => {
    for (const [migration, tables] of Object.entries(ON_PURPOSE))
      expect([migration, [...(changed.get(migration) ?? [])].sort()]).toEqual([migration, Object.keys(tables).sort()]);
  });

  it("existed in every table that a migration recreates, so that an incomplete copy is noticed", () => {
    const anew = names.flatMap((migration, state) =>
      [...textOf(migration).matchAll(/^DROP TABLE (\w+);/gm)].map(([, table = ""]) => ({ migration, state, table })),
    );
    expect(anew.length).toBeGreaterThan(5);
    for (const { migration, state, table } of anew) {
      const db = at(state);
      fill(db);
      const { rows } = db.prepare(`SELECT count(*) AS rows FROM ${table}`).get() as { rows: number };
      expect([migration, table, rows]).toEqual([migration, table, ROWS]);
    }
  });
});

describe("the Worker of the version before", () => {
  /** Tables that no longer accept its rows, or no longer have the keys that it names. */
  function broken(state: number): string[] {
    const [before, after] = [at(state), at(state + 1)];
    const now = new Map(tablesOf(after).map((table) => [table.name, table]));
    return tablesOf(before).flatMap((table) => {
      const own = now.get(table.name);
      if (!own) return [table.name];
      const keys = keysOf(after, own);
      if (keysOf(before, table).some((key) => !keys.includes(key))) return [table.name];
      for (let n = 101; n <= 100 + ROWS; n++) {
        const row = fillRow(before, table, n);
        try {
          if (row) insert(after, table.name, row);
        } catch {
          return [table.name];
        }
      }
      return [];
    });
  }

  it.each(names.slice(1).map((name, index) => [name, index + 1] as const))("can write after %s", (name, state) => {
    expect(broken(state).sort()).toEqual((BREAKS[number(name)] ?? []).toSorted());
  });

  it("is broken by no migration since the first numbered version", () => {
    expect(Object.keys(BREAKS).filter((migration) => migration >= FIRST_COMPATIBLE)).toEqual([]);
  });

  it("names the columns of its inserts, since later migrations may add columns", () => {
    const sources = readdirSync(join(ROOT, "worker"), { recursive: true, encoding: "utf8" }).filter((file) =>
      file.endsWith(".ts"),
    );
    const tables = tablesOf(at(names.length)).map(({ name }) => name);
    const inserts = sources.flatMap((file) =>
      [
        ...readFileSync(join(ROOT, "worker", file), "utf8").matchAll(
          /INSERT(?: OR \w+)? INTO\s+(\w+|\$\{[^}]*\})\s*(.)/g,
        ),
      ].map(([text, table = "", next]) => ({ file, text, table, next })),
    );
    expect(inserts.length).toBeGreaterThan(30);
    // Durable Objects have separate tables, which migrations do not change.
    const ours = inserts.filter(({ table }) => table.startsWith("$") || tables.includes(table));
    expect(ours.filter(({ next }) => next !== "(").map(({ file, text }) => `${file}: ${text}`)).toEqual([]);
  });
});
