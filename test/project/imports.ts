/** The imports of files, read from their text. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../..");

export type Import = { from: string; to: string; typeOnly: boolean };

/** The files of a folder, without declarations and tests of types. */
export const sources = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /(?<!\.d|\.test-d)\.tsx?$/.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .sort();

const STATIC = /^(?:import|export)\s+(type\s+)?(?:[^;]*?\sfrom\s+)?"(\.[^"?]+)";/gms;
/** Dynamic imports count like static ones. `typeof import(…)` is a type. */
const LATER = /(?<!typeof )\bimport\("(\.[^"?]+)"\)/g;

export function importsOf(from: string): Import[] {
  const text = readFileSync(join(ROOT, from), "utf8");
  const at = (path = "") => relative(ROOT, resolve(ROOT, dirname(from), path));
  return [
    ...[...text.matchAll(STATIC)].map(([, type, path]) => ({ from, to: at(path), typeOnly: type !== undefined })),
    ...[...text.matchAll(LATER)].map(([, path]) => ({ from, to: at(path), typeOnly: false })),
  ];
}

/** A folder or file directly in one of the product's folders: `worker/http`, `worker/event.ts`. */
export const roomOf = (file: string): string => file.split("/").slice(0, 2).join("/");

/**
 * A shortest cycle through each place that has one, as text: each step with its import. `placeOf` maps a file to its
 * place: itself, or its folder.
 */
export function circles(imports: readonly Import[], placeOf: (file: string) => string): string[] {
  const steps = new Map<string, Map<string, Import>>();
  for (const step of imports) {
    const [from, to] = [placeOf(step.from), placeOf(step.to)];
    if (from === to) continue;
    const out = steps.get(from) ?? new Map<string, Import>();
    steps.set(from, out.set(to, out.get(to) ?? step));
  }
  const found = new Set<string>();
  const named = new Set<string>();
  for (const start of steps.keys()) {
    const circle = named.has(start) ? undefined : wayBack(start, steps);
    if (!circle) continue;
    for (const { from } of circle) named.add(placeOf(from));
    const line = ({ from, to }: Import) =>
      placeOf(from) === from
        ? `${from} imports ${to}`
        : `${placeOf(from)} needs ${placeOf(to)} (${from} imports ${to})`;
    found.add(circle.map(line).join(", "));
  }
  return [...found];
}

/** The shortest path from a place to itself. */
function wayBack(start: string, steps: ReadonlyMap<string, ReadonlyMap<string, Import>>): Import[] | undefined {
  const ways: { at: string; way: Import[] }[] = [{ at: start, way: [] }];
  const seen = new Set<string>();
  for (const { at, way } of ways)
    for (const [next, step] of steps.get(at) ?? []) {
      if (next === start) return [...way, step];
      if (!seen.has(next)) ways.push({ at: next, way: [...way, step] });
      seen.add(next);
    }
  return undefined;
}
