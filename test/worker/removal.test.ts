/** A project that is removed leaves nothing behind, and a new project with its id begins empty. */
import { env } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import { removeProjects } from "../../worker/erasure/project.ts";
import { append } from "../../worker/event-log/append.ts";
import { keepDeadLetters } from "../../worker/event-log/dead-letters.ts";
import { call, read } from "./api.ts";
import { runDuty } from "./duty.ts";
import { bearer, makeApiKey } from "./keys.ts";
import { createProject, DEAD_LETTER_QUEUE, db, deliver, settle, storedEvent } from "./log.ts";

const MINUTE = 60_000;

/** Values for columns whose rule allows only some. */
const ALLOWED: Record<string, unknown> = {
  report_type: "daily",
  outcome: "counted",
  role: "viewer",
  mode: "off",
  anchor: "visit",
  period: "daily",
  shared: 1,
  status: "waiting",
  method: "GET",
  "channels.kind": "slack",
  "notices.kind": "opened",
  secured_by: "token",
  every: "day",
};
/** A column with another meaning in a table is written with the table's name. */
const allowed = (table: string, column: string) => ALLOWED[`${table}.${column}`] ?? ALLOWED[column];

type Column = { name: string; type: string; hidden: number; notnull: number; dflt_value: unknown };

/** All tables with rows of projects, and statements that insert a row for a project into each. */
async function tablesOfProjects() {
  const { results } = await env.DB.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").all<{
    name: string;
  }>();
  const tables = await Promise.all(
    results
      .filter(({ name }) => !name.startsWith("_cf") && !name.startsWith("sqlite_"))
      .map(async ({ name }) => ({
        name,
        columns: (await env.DB.prepare(`PRAGMA table_xinfo(${name})`).all<Column>()).results,
      })),
  );
  return tables.filter(({ columns }) => columns.some(({ name }) => name === "project_id"));
}

const fill = (table: string, columns: Column[], project_id: string, n: number) => {
  const given = columns.filter(
    ({ name, hidden, notnull, dflt_value }) =>
      hidden === 0 && notnull === 1 && (dflt_value === null || allowed(table, name) !== undefined),
  );
  const own = [
    ...new Set([
      "project_id",
      ...columns.flatMap(({ name }) => (name === "player_id" ? [name] : [])),
      ...given.map(({ name }) => name),
    ]),
  ];
  const values = own.map((name) => {
    if (name === "project_id") return project_id;
    const type = columns.find((column) => column.name === name)?.type;
    return allowed(table, name) ?? (type === "INTEGER" ? n : `${project_id}-${n}`);
  });
  return env.DB.prepare(`INSERT INTO ${table} (${own.join(", ")}) VALUES (${own.map(() => "?").join(", ")})`)
    .bind(...values)
    .run();
};

const rowsOf = async (table: string, project_id: string) =>
  (
    await env.DB.prepare(`SELECT count(*) AS n FROM ${table} WHERE project_id = ?`)
      .bind(project_id)
      .first<{ n: number }>()
  )?.n;

describe("a project that was removed", () => {
  let key: string;
  let collect: string;
  const received_before = Date.now();

  beforeAll(async () => {
    await call("POST", "/projects", { project_id: "brand" });
    key = await makeApiKey({ role: "admin", project_id: "brand" });
    collect = await makeApiKey({ role: "collect", project_id: "brand" });
    await call("POST", "/segments", { project_id: "brand", name: "s", filter: { banner_tag: ["a"] }, shared: true });
    await call("POST", "/schemas", { project_id: "brand", event_type: "spin", schema: { type: "object" } });
    await call("POST", "/events", { event_type: "Not a type", player_id: "p" }, bearer(collect));
    await deliver([{ events: [storedEvent({ project_id: "brand", event_type: "visit", player_id: "old-player" })] }]);
    await settle();
    await keepDeadLetters(
      db,
      [{ event: storedEvent({ project_id: "brand", event_type: "spin" }), error: "a fault" }],
      "test",
      0,
    );
  });

  it("is kept, with the reason, while any of its data could still come back", async () => {
    const refusal = async () => {
      const response = await call("DELETE", "/projects/brand", undefined, bearer(key));
      return [response.status, (await response.json<{ detail: string }>()).detail] as const;
    };
    expect(await refusal()).toEqual([409, expect.stringContaining("events in the log")]);
    // As retention removes them.
    await env.DB.batch([
      env.DB.prepare(
        "INSERT INTO retired_events (project_id, event_id, standing) SELECT project_id, event_id, standing FROM events WHERE project_id = 'brand'",
      ),
      env.DB.prepare("DELETE FROM events WHERE project_id = 'brand'"),
    ]);
    expect(await refusal()).toEqual([409, expect.stringContaining("events in the archive")]);
    await env.DB.batch(
      ["archive", "purchases"].map((of) =>
        env.DB.prepare(
          "INSERT INTO sweeps (project_id, class, swept_before, updated_at) VALUES ('brand', ?, '9999-01-01', 0)",
        ).bind(of),
      ),
    );
    await env.DB.prepare(
      "INSERT INTO erasures (id, project_id, subject, suppress, step, due_at, names, found, requested_at) VALUES ('running', 'brand', 's', 0, 'hold', 9e15, '{}', '{}', 0)",
    ).run();
    expect(await refusal()).toEqual([409, expect.stringContaining("being erased")]);
    await env.DB.prepare("DELETE FROM erasures").run();
  });

  it("has no working keys, and its id cannot be reused before everything is removed", async () => {
    expect((await call("DELETE", "/projects/brand", undefined, bearer(key))).status).toBe(204);
    const { forgetKey } = await import("../../worker/http/keys.ts");
    for (const known of [key, collect]) forgetKey(known.split("_")[1] as string);
    expect((await call("GET", "/session", undefined, bearer(key))).status).toBe(401);
    expect((await call("POST", "/events", { event_type: "spin", player_id: "p" }, bearer(collect))).status).toBe(401);
    expect((await call("POST", "/projects", { project_id: "brand" })).status).toBe(409);
    // Another isolate may still write a row for it.
    await makeStaleKey("brand");
    await runDuty("removals", env, Date.now() + 5 * MINUTE);
    expect(await rowsOf("keys", "brand")).toBe(0);
    expect((await call("POST", "/projects", { project_id: "brand" })).status).toBe(201);
  });

  it("leaves nothing to a new project with its id", async () => {
    expect((await call("GET", "/session", undefined, bearer(key))).status).toBe(401);
    const own = bearer(await makeApiKey({ role: "admin", project_id: "brand" }));
    expect(await read("/players", own)).toMatchObject({ rows: [] });
    expect(await read("/metrics", own)).toMatchObject({ rows: [] });
    expect(await read("/dead-letters", own)).toMatchObject({ rows: [] });
    expect(await read("/segments", own)).toMatchObject({ rows: [] });
    expect(await read("/schemas", own)).toMatchObject({ rows: [] });
    expect(await read("/requests", own)).toMatchObject({ rows: [], counts: { accepted: 0, rejected: 0 } });
    expect(await read("/realtime", own)).toMatchObject({ windows: { today: { total: 0 } }, events: [] });
    const { rows } = await read<{ rows: { action: string }[] }>("/audit", own);
    expect(rows.map(({ action }) => action)).toEqual(["key.create", "project.create"]);
    const all = await read<{ rows: { action: string }[] }>("/audit?project_id=brand");
    expect(all.rows.map(({ action }) => action)).toContain("project.remove");
  });

  it("leaves events that were still in the queue as dead letters, for keys that administer all projects", async () => {
    const late = storedEvent({
      project_id: "brand",
      event_type: "visit",
      player_id: "late",
      received_at: received_before,
    });
    await env.DB.prepare("INSERT INTO removals VALUES ('nowhere', 0, 0, 2, 0)").run();
    const nobodys = storedEvent({ project_id: "nowhere", event_type: "visit", player_id: "nobody" });
    const own = storedEvent({
      project_id: "brand",
      event_type: "visit",
      player_id: "new-player",
      received_at: Date.now() + 5 * MINUTE,
    });
    await deliver([{ events: [late, nobodys, own] }]);
    await deliver([{ events: [{ ...nobodys, event_id: "given-up" }] }], env, DEAD_LETTER_QUEUE);
    const { results } = await env.DB.prepare("SELECT player_id FROM events").all<{ player_id: string }>();
    expect(results.map(({ player_id }) => player_id)).toEqual(["new-player"]);
    const letters = await read<{ rows: { id: number; project_id: string | null; event_id: string }[] }>(
      "/dead-letters",
    );
    const found = letters.rows.filter(({ event_id }) =>
      [late.event_id, nobodys.event_id, "given-up"].includes(event_id),
    );
    expect(found.map(({ project_id }) => project_id)).toEqual([null, null, null]);
    const ids = found.map(({ id }) => id);
    expect(await (await call("POST", "/dead-letters/replay", { ids })).json()).toMatchObject({
      replayed: 0,
      failed: 3,
    });
    // A request that read the project before its removal is stopped by the log itself.
    await expect(append(db, [nobodys])).rejects.toThrow("the project of the event was removed");
    await expect(append(db, [late])).rejects.toThrow("the project of the event was removed");
  });
});

/** Tables with at most one row for a project. */
const ONE_OF_A_PROJECT = [
  "reattributions",
  "recounts",
  "figures_from",
  "payout_backfills",
  "bot_reviews",
  "lifetime_progress",
  "placements",
];

const makeStaleKey = (project_id: string) =>
  env.DB.prepare(
    "INSERT INTO keys (id, name, project_id, role, hash, created_at) VALUES ('0123456789abcdef', 'stale', ?, 'admin', 'none', 0)",
  )
    .bind(project_id)
    .run();

describe("a removal", () => {
  it("leaves no row in any table except the audit log, and changes no other project", async () => {
    for (const project_id of ["stays", "goes"]) await createProject(project_id);
    const tables = await tablesOfProjects();
    // Projections are held, as by an erasure: a run that another test has woken makes no rows from these events.
    await env.DB.prepare("UPDATE renaming SET erasure_id = 'a test'").run();
    expect(tables.length).toBeGreaterThan(25);
    for (const { name, columns } of tables) {
      // Rows of payout_months are made by inserts into conversions.
      if (["projects", "removals", "payout_months"].includes(name)) continue;
      for (const [n, project_id] of ["stays", "goes", "goes"].entries()) {
        if (ONE_OF_A_PROJECT.includes(name) && n === 2) continue;
        if (name === "erasures") {
          await env.DB.prepare(
            "INSERT INTO erasures (id, project_id, subject, suppress, step, due_at, found, requested_at, finished_at) VALUES (?, ?, 's', 0, 'finished', 0, '{}', 0, 1)",
          )
            .bind(`${name}-${n}`, project_id)
            .run();
        } else await fill(name, columns, project_id, n + 1);
      }
    }
    const now = Date.now();
    await env.DB.prepare("INSERT INTO removals (project_id, removed_at, due_at, pass) VALUES ('goes', ?, ?, 1)")
      .bind(now, now)
      .run();
    // Stopped after each statement, it continues.
    for (let done = false; !done; ) {
      let left = 2;
      done = await removeProjects(env, db, now, () => left-- > 0);
    }
    const after = await Promise.all(tables.map(async ({ name }) => [name, await rowsOf(name, "goes")] as const));
    const left = after.filter(([, rows]) => rows !== 0).map(([name]) => name);
    expect(left).toEqual(["audit", "erasures", "removals"]);
    // A filter that was not used for so long is removed independently, at any moment.
    for (const { name } of tables)
      if (!["removals", "scopes"].includes(name)) expect([name, await rowsOf(name, "stays")]).toEqual([name, 1]);
    await env.DB.prepare("UPDATE renaming SET erasure_id = NULL").run();
  });
});
