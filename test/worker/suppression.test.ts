/** People who asked not to be recorded: the costs, and that none of their events is stored, however many people they are. */
import { sql } from "drizzle-orm";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { findSnapshot, forgetProjects } from "../../worker/project.ts";
import { digestOf, suppress } from "../../worker/suppression.ts";
import { watched } from "./database.ts";
import { ask, coldIsolate, copied, visit } from "./knock.ts";
import { createProject, db, deliver, storedEvent } from "./log.ts";

describe("people who are not to be recorded", () => {
  beforeEach(() => forgetProjects());
  const suppressIn = async (project_id: string, players: string[]) => {
    const digests = await Promise.all(players.map((player) => digestOf(db, project_id, "player_id", player)));
    for (const digest of digests) await db.run(suppress(project_id, [digest]));
  };
  const visitOf = (project_id: string, player_id: string) =>
    storedEvent({ project_id, event_type: "visit", player_id, banner_tag: "t" });
  const playersIn = async (project_id: string) =>
    (
      await db.values<[string]>(sql`SELECT DISTINCT player_id FROM events WHERE project_id = ${project_id} ORDER BY 1`)
    ).flat();

  it("cost the consumer a digest for each name and two queries, and nothing if there are none", async () => {
    await createProject("few");
    await createProject("none");
    await suppressIn("few", ["gone"]);
    const signed = vi.spyOn(crypto.subtle, "sign");
    const { bindings, seen } = watched();
    const events = (project_id: string, names: string[]) =>
      Array.from({ length: 3_000 }, (_, n) => visitOf(project_id, names[n % names.length] ?? ""));
    await deliver([{ events: events("none", ["a", "b", "gone"]) }], bindings);
    expect(signed).toHaveBeenCalledTimes(0);
    const withoutAny = seen.calls;
    await deliver([{ events: [...events("few", ["a", "b", "gone"]), ...events("none", ["c", "gone"])] }], bindings);
    expect(signed).toHaveBeenCalledTimes(3);
    signed.mockRestore();
    expect(seen.calls - withoutAny).toBeLessThanOrEqual(2 * withoutAny + 2);
    expect(await playersIn("few")).toEqual(["a", "b"]);
    expect(await playersIn("none")).toEqual(["a", "b", "c", "gone"]);
  });

  it("are refused by the routes if they are among the newest, and always dropped by the consumer", async () => {
    await createProject("many");
    await suppressIn("many", ["first"]);
    const others = Array.from({ length: 50_000 }, (_, n) => n.toString(16).padStart(32, "0"));
    await db.run(suppress("many", others));
    await suppressIn("many", ["last"]);
    const { bindings, seen } = watched();
    const snapshot = await findSnapshot(bindings, "many", Date.now());
    expect(seen.calls).toBe(1);
    // An isolate caches a limited number for a project.
    expect(snapshot?.suppressions.length).toBe(33 * 1_000 - 1);
    const knock = (player_id: string) => ask(`/visit?project_id=many&btag=t&player_id=${player_id}`);
    expect((await knock("last")).headers.get("x-event-error")).toBe("erased player_id");
    expect((await knock("first")).status).toBe(200);
    expect((await knock("somebody")).status).toBe(200);
    await vi.waitFor(async () => expect(await playersIn("many")).toContain("somebody"), { timeout: 200_000 });
    await deliver([{ events: [visitOf("many", "first"), visitOf("many", "last"), visitOf("many", "else")] }]);
    expect(await playersIn("many")).toEqual(["else", "somebody"]);
  });

  it("are not recorded while the database is away, either", async () => {
    await createProject("outage");
    await suppressIn("outage", ["gone"]);
    expect((await visit("outage", "", { by: await coldIsolate() })).status).toBe(200);
    await copied("project outage");
    const { bindings, seen } = watched();
    seen.away = true;
    // A new isolate cannot compute the digest: it accepts the events, and the consumer drops them.
    const by = await coldIsolate();
    expect((await ask("/visit?project_id=outage&btag=t&player_id=gone", { by, bindings })).status).toBe(200);
    expect((await ask("/visit?project_id=outage&btag=t&player_id=other", { by, bindings })).status).toBe(200);
    await vi.waitFor(async () => expect(await playersIn("outage")).toContain("other"), { timeout: 200_000 });
    expect(await playersIn("outage")).toEqual(["other", "p-1"]);
  });
});
