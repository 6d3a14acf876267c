/** Saved segments: their owners, who may use them, and that none shows more than its user may see. */
import { env } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import { conjunction, scopeFilterOf } from "../../worker/figures/scope-filter.ts";
import { scopeName } from "../../worker/figures/scopes.ts";
import { refuseUncounted, scopeFor } from "../../worker/http/scope.ts";
import { fillSome, MOST_SCOPES } from "../../worker/projections/scopes.ts";
import { call, get, read } from "./api.ts";
import { unwoken } from "./gate.ts";
import { ADMIN, bearer, makeApiKey } from "./keys.ts";
import { createProject, db, deliver, settle, storedEvent } from "./log.ts";

const PROJECT = "segmented";
type Who = Record<string, string>;

type Segment = { segment_id: string; name: string; shared: boolean; own: boolean; filter: Record<string, string[]> };
async function save(who: Who, given: object): Promise<Segment> {
  const response = await call("POST", "/segments", { project_id: PROJECT, name: "a", ...given }, who);
  expect(response.status).toBe(201);
  return response.json<Segment>();
}
const names = async (who: Who) =>
  (await read<{ rows: Segment[] }>(`/segments?project_id=${PROJECT}`, who)).rows.map(({ name }) => name);
const tagsOf = async (who: Who, segment_id: string, more = "") => {
  const path = `/campaigns?project_id=${PROJECT}&segment_id=${segment_id}${more}`;
  const { rows } = await read<{ rows: { banner_tag: string | null }[] }>(path, who);
  return rows.map(({ banner_tag }) => banner_tag ?? "").sort();
};

let viewer: Who;
let other: Who;
let affiliate: Who;
beforeAll(async () => {
  for (const project_id of [PROJECT, "another"]) await createProject(project_id);
  const tags = ["red", "red-two", "blue", null];
  await deliver([
    {
      events: tags.map((banner_tag, nth) =>
        storedEvent({ project_id: PROJECT, event_type: "visit", player_id: `p${nth}`, banner_tag }),
      ),
    },
  ]);
  await settle();
  viewer = bearer(await makeApiKey({ role: "viewer", project_id: PROJECT }));
  other = bearer(await makeApiKey({ role: "viewer", project_id: PROJECT }));
  affiliate = bearer(await makeApiKey({ role: "viewer", project_id: PROJECT, banner_tags: ["red"] }));
});

describe("a segment", () => {
  it("belongs to its maker, and can be combined with other filters", async () => {
    const { segment_id, ...made } = await save(viewer, { name: "reds", filter: { banner_tag_contains: ["RED"] } });
    expect(made).toMatchObject({
      name: "reds",
      shared: false,
      own: true,
      filter: { banner_tag: [], banner_tag_not: [], banner_tag_contains: ["RED"] },
    });
    expect([await names(viewer), await names(other)]).toEqual([["reds"], []]);
    expect(await tagsOf(viewer, segment_id)).toEqual(["red", "red-two"]);
    expect(await tagsOf(viewer, segment_id, "&banner_tag_not=red")).toEqual(["red-two"]);
    expect(await tagsOf(viewer, segment_id, "&banner_tag=blue")).toEqual([]);
    expect((await get(`/metrics?project_id=${PROJECT}&segment_id=${segment_id}`, other)).status).toBe(400);
    for (const method of ["PATCH", "DELETE"])
      expect((await call(method, `/segments/${segment_id}`, { name: "mine" }, other)).status).toBe(404);

    const changed = await call("PATCH", `/segments/${segment_id}`, { filter: { banner_tag_not: ["red"] } }, viewer);
    expect(await changed.json()).toMatchObject({ name: "reds", filter: { banner_tag_contains: [] } });
    expect(await tagsOf(viewer, segment_id)).toEqual(["", "blue", "red-two"]);
    expect((await call("DELETE", `/segments/${segment_id}`, undefined, viewer)).status).toBe(204);
    expect((await get(`/metrics?project_id=${PROJECT}&segment_id=${segment_id}`, viewer)).status).toBe(400);
  });

  it("can be shared, and then changed and removed only by administrators", async () => {
    const filter = { banner_tag: ["blue"] };
    expect((await call("POST", "/segments", { name: "b", filter, shared: true }, viewer)).status).toBe(403);
    const { segment_id } = await save(ADMIN, { name: "blues", filter, shared: true });
    expect([await names(viewer), await names(other)]).toEqual([["blues"], ["blues"]]);
    expect(await tagsOf(other, segment_id)).toEqual(["blue"]);
    for (const method of ["PATCH", "DELETE"])
      expect((await call(method, `/segments/${segment_id}`, { name: "mine" }, viewer)).status).toBe(403);
    const own = await save(viewer, { name: "own", filter });
    expect((await call("PATCH", `/segments/${own.segment_id}`, { shared: true }, viewer)).status).toBe(403);
    expect((await call("DELETE", `/segments/${own.segment_id}`)).status).toBe(204);
    expect((await call("DELETE", `/segments/${segment_id}`)).status).toBe(204);
    const audit = await read<{
      rows: { action: string }[];
    }>(`/audit?project_id=${PROJECT}`);
    expect(audit.rows.map(({ action }) => action).slice(0, 3)).toEqual([
      "segment.remove",
      "segment.remove",
      "segment.create",
    ]);
  });

  it("belongs only to its project", async () => {
    const { segment_id } = await save(ADMIN, { filter: { banner_tag: ["blue"] }, shared: true });
    expect((await get(`/metrics?project_id=another&segment_id=${segment_id}`)).status).toBe(400);
    const admin = bearer(await makeApiKey({ role: "admin", project_id: "another" }));
    expect((await call("DELETE", `/segments/${segment_id}`, undefined, admin)).status).toBe(404);
    expect(
      (await call("POST", "/segments", { project_id: "another", name: "x", filter: { banner_tag: ["a"] } }, viewer))
        .status,
    ).toBe(403);
    await call("DELETE", `/segments/${segment_id}`);
  });

  it("never shows a limited key more than its tags, nor names other tags to it", async () => {
    const wide = await save(ADMIN, { name: "wide", filter: { banner_tag_contains: ["e"] }, shared: true });
    const foreign = await save(ADMIN, { name: "foreign", filter: { banner_tag_not: ["blue"] }, shared: true });
    expect(await names(affiliate)).toEqual(["wide"]);
    expect(await tagsOf(affiliate, wide.segment_id)).toEqual(["red"]);
    expect((await get(`/metrics?project_id=${PROJECT}&segment_id=${foreign.segment_id}`, affiliate)).status).toBe(400);
    for (const filter of [{ banner_tag: ["blue"] }, { banner_tag_not: ["blue"] }])
      expect((await call("POST", "/segments", { name: "x", filter }, affiliate)).status).toBe(403);
    await save(affiliate, { name: "mine", filter: { banner_tag: ["red"] } });
    expect(await names(affiliate)).toEqual(["mine", "wide"]);
  });

  it("still works with a key that was rotated", async () => {
    const old = await makeApiKey({ role: "viewer", project_id: PROJECT });
    await save(bearer(old), { name: "kept", filter: { banner_tag: ["red"] } });
    const rotated = await call("POST", `/keys/${old.split("_")[1]}/rotate`, {});
    const { key } = await rotated.json<{ key: string }>();
    expect(await names(bearer(key))).toContain("kept");
  });

  it.each<[object, string]>([
    [{ name: "x" }, "filter"],
    [{ name: "x", filter: {} }, "filter"],
    [{ name: "", filter: { banner_tag: ["a"] } }, "name"],
    [{ name: "x", filter: { banner_tag: [""] } }, "filter.banner_tag.0"],
    [{ name: "x", filter: { banner_tag: Array(51).fill("a") } }, "filter.banner_tag"],
    [{ name: "x", filter: { browser: ["Firefox"] } }, "browser"],
  ])("is not made of %j", async (given, field) => {
    const response = await call("POST", "/segments", given, viewer);
    expect(response.status).toBe(400);
    expect((await response.json<{ errors: { field: string }[] }>()).errors[0]?.field).toBe(field);
  });
});

describe("a segment of more than tags", () => {
  const MADE = "segmented-fields";
  const finns = { country: ["FI", "SE"], platform: ["ios"] };
  type Saved = Segment & { figures: { whole: boolean; counted: number } };
  const saved = async (given: object, project_id = MADE) => {
    const response = await call("POST", "/segments", { project_id, name: "a", shared: true, ...given });
    return { status: response.status, segment: await response.json<Saved & { detail: string }>() };
  };
  const problem = async (response: Response) => ({ status: response.status, ...(await response.json<object>()) });

  beforeAll(async () => {
    await createProject(MADE);
    const from = Date.now() - 60_000;
    let seconds = 0;
    const event = (player_id: string, country: string, platform: string | null, banner_tag: string | null) =>
      storedEvent({
        ...{ project_id: MADE, event_type: "visit", player_id, country, platform, banner_tag },
        timestamp: from + 1_000 * seconds++,
      });
    await deliver([
      {
        events: [
          event("a", "FI", "ios", "red"),
          event("a", "SE", "ios", "blue"),
          event("b", "SE", "ios", null),
          event("b", "SE", "web", "red"),
          event("c", "NO", "ios", "red"),
        ],
      },
    ]);
    await settle();
  });

  it("has its figures counted for all past events when it is saved, and when its filter is changed", async () => {
    const { status, segment } = await saved({ filter: finns });
    expect([status, segment]).toMatchObject([
      201,
      { filter: { ...finns, banner_tag: [] }, figures: { whole: true, counted: 1 } },
    ]);
    const people = async (filter: object, own: string[] | null = null) => {
      const asked = conjunction([scopeFilterOf(filter), ...(own ? [{ banner_tag: own }] : [])]);
      const { scope, tag, whole } = await scopeFor(env, db, MADE, asked, Date.now(), null);
      expect(whole).toBe(true);
      const { results } = await env.DB.prepare("SELECT counts FROM days WHERE project_id = ? AND scope = ?")
        .bind(MADE, scopeName(scope, tag))
        .all<{ counts: string }>();
      return results.map(({ counts }) => JSON.parse(counts).visit);
    };
    expect(await people(finns)).toEqual([[2, 3]]);
    // A key's tags restrict any filter; several tags have a separate filter.
    expect(await people(finns, ["red"])).toEqual([[1, 1]]);
    expect(await people(finns, ["red", "blue"])).toEqual([[1, 2]]);
    expect(await people({ ...finns, banner_tag: ["blue"] }, ["red"])).toEqual([]);
    const path = `/segments/${segment.segment_id}`;
    const changed = await call("PATCH", path, { filter: { country: ["NO"] } });
    expect(await changed.json()).toMatchObject({ filter: { country: ["NO"], platform: [] }, figures: { whole: true } });
    expect(await people({ country: ["NO"] })).toEqual([[1, 1]]);
    const { rows } = await read<{ rows: Saved[] }>(`/segments?project_id=${MADE}`);
    expect(rows.map(({ figures }) => figures)).toEqual([{ whole: true, counted: 1 }]);
    expect((await call("DELETE", path)).status).toBe(204);
  });

  it("is refused with the errors of its filter, and by a report that is kept by tag", async () => {
    expect(await saved({ filter: { country: ["finland"] } })).toMatchObject({
      status: 400,
      segment: { errors: [{ field: "filter.country.0" }] },
    });
    const { segment } = await saved({ filter: { device: ["mobile"] } });
    const asked = await get(`/conversions?project_id=${MADE}&segment_id=${segment.segment_id}`);
    expect(await problem(asked)).toMatchObject({ status: 400, detail: expect.stringContaining("narrows by device") });
    await call("DELETE", `/segments/${segment.segment_id}`);
  });

  it("cannot be used for a share link, which shows only what is kept by tag", async () => {
    const link = (segment_id: string) => call("POST", "/shares", { project_id: MADE, name: "link", segment_id });
    const fields = (await saved({ filter: { country: ["FI"] } })).segment;
    expect(await problem(await link(fields.segment_id))).toMatchObject({
      status: 400,
      errors: [{ field: "segment_id" }],
    });
    const tags = (await saved({ filter: { banner_tag: ["red"] } })).segment;
    expect((await link(tags.segment_id)).status).toBe(201);
    const changed = await call("PATCH", `/segments/${tags.segment_id}`, { filter: { country: ["FI"] } });
    expect(await problem(changed)).toMatchObject({ status: 409, detail: expect.stringContaining("Share links") });
  });

  it("reports how far its figures are counted, and its reports are refused until they are complete", async () => {
    const many = "segmented-many";
    await createProject(many);
    await env.DB.prepare(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
       INSERT INTO people (project_id, person, now, head, recent) SELECT ?, 'p' || i, '@B1B2', '', '' FROM n`,
    )
      .bind(many)
      .run();
    const asked = { country: ["FI"] };
    const state = await scopeFor(unwoken, db, many, asked, Date.now(), null);
    expect(state).toMatchObject({ whole: false, counted: 0 });
    await fillSome(db, many);
    const later = await scopeFor(unwoken, db, many, asked, Date.now(), null);
    expect(later).toMatchObject({ scope: state.scope, whole: false, counted: 1_999 / 2_500 });
    expect(() => refuseUncounted(later)).toThrow("79 %");
    await fillSome(db, many);
    expect(await scopeFor(unwoken, db, many, asked, Date.now(), null)).toMatchObject({ whole: true, counted: 1 });
  });

  it("is refused when so many others are saved that there is no room for its figures", async () => {
    const full = "segmented-full";
    await createProject(full);
    for (let n = 0; n < MOST_SCOPES; n++)
      expect((await saved({ filter: { app_id: [`app-${n}`] } }, full)).status).toBe(201);
    const { status, segment } = await saved({ filter: { app_id: ["one more"] } }, full);
    expect([status, segment.detail]).toEqual([409, expect.stringContaining("remove a segment first")]);
    expect((await saved({ filter: { banner_tag: ["a tag has rows of its own"] } }, full)).status).toBe(201);
  });
});
