/** Metrics are used and documented correctly: the Grafana dashboard asks for no others, and each is in the docs. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { FAMILIES } from "../../worker/monitor/families.ts";

const read = (file: string) => readFileSync(resolve(import.meta.dirname, "../..", file), "utf8");

type Panel = {
  id: number;
  title: string;
  type: string;
  datasource: { uid: string };
  targets: { expr: string; datasource: { uid: string } }[];
};
type Dashboard = {
  schemaVersion: number;
  templating: { list: { name: string; type: string; query: string | { query: string } }[] };
  panels: Panel[];
};
const dashboard = JSON.parse(read("docs/grafana/edgepixel.json")) as Dashboard;

const exposed = Object.entries(FAMILIES).flatMap(([name, { type }]) =>
  type === "histogram" ? ["_bucket", "_sum", "_count"].map((suffix) => `${name}${suffix}`) : [name],
);
const named = (text: string) => text.match(/\bedgepixel_\w+/g) ?? [];

describe("the Grafana dashboard", () => {
  it("asks for metrics that are exposed, and for every family", () => {
    const queries = [
      ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
      ...dashboard.templating.list.map(({ query }) => (typeof query === "string" ? query : query.query)),
    ];
    const asked = new Set(queries.flatMap(named));
    expect([...asked].filter((name) => !exposed.includes(name))).toEqual([]);
    const shown = Object.keys(FAMILIES).filter((family) => [...asked].some((name) => name.startsWith(family)));
    expect(Object.keys(FAMILIES).filter((family) => !shown.includes(family))).toEqual([
      "edgepixel_rejections_unread_projects",
    ]);
    for (const expr of dashboard.panels.flatMap(({ targets }) => targets.map((target) => target.expr))) {
      // A counter is only useful as a rate.
      for (const counter of named(expr).filter((name) => name.endsWith("_total")))
        expect(expr).toMatch(new RegExp(`(?:rate|increase)\\(${counter}[{[]`));
    }
  });

  it("takes its data source from a variable, and can be imported", () => {
    expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(39);
    expect(dashboard.templating.list.map(({ name, type }) => [name, type])).toContainEqual([
      "datasource",
      "datasource",
    ]);
    const sources = dashboard.panels.flatMap((panel) => [
      panel.datasource.uid,
      ...panel.targets.map((target) => target.datasource.uid),
    ]);
    expect(new Set(sources)).toEqual(new Set([`\${datasource}`]));
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  });
});

describe("docs/operations.md", () => {
  const text = read("docs/operations.md");

  it.each(Object.keys(FAMILIES))("has %s", (name) => expect(text).toContain(`\`${name}\``));

  it("names no metric that is not exposed", () => {
    expect(named(text).filter((name) => !exposed.includes(name) && !(name in FAMILIES))).toEqual([]);
  });
});
