/**
 * Which chunk of the dashboard's JavaScript a module belongs to, by the modules that import it. A module that only one file of
 * dashboard/views/ needs is in the chunk with the name of that file; a module that the page itself or several of these files
 * need is in `page`. A chunk for each view would make all chunks together a third larger, since small files compress worse.
 */
import { basename } from "node:path";

type Module = { isEntry: boolean; importers: readonly string[]; dynamicImporters: readonly string[] };
type Graph = { getModuleInfo(id: string): Module | null };

/** The order matters: a chunk also gets the modules that it imports, unless an earlier chunk has them. */
export const CHUNKS = ["page", "administration", "reports"];

/** Where the loading of a module begins: `page` for the entry, and the names of modules that are loaded by `import()`. */
function startsOf(id: string, graph: Graph, seen = new Set<string>()): string[] {
  const found = graph.getModuleInfo(id);
  if (seen.has(id) || !found) return [];
  seen.add(id);
  const starts = found.importers.flatMap((importer) => startsOf(importer, graph, seen));
  if (found.isEntry) starts.push("page");
  if (found.dynamicImporters.length > 0) starts.push(basename(id, ".ts"));
  return starts;
}

/** Null for a module that no chunk needs at once, such as the library of charts: it is loaded separately. */
export function chunkOf(id: string, graph: Graph): string | null {
  const starts = new Set(startsOf(id, graph));
  const needed = CHUNKS.filter((chunk) => starts.has(chunk));
  return needed.length > 1 ? "page" : (needed[0] ?? null);
}
