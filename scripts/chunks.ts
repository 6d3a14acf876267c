/**
 * Into which piece of the dashboard's JavaScript a module goes, by who imports it: what one file of dashboard/views/ alone
 * needs is in the piece of its name, what the page itself needs, or several of them, in `page`. A piece for each view
 * would be a third larger in all: small files share no words with each other.
 */
import { basename } from "node:path";

type Module = { isEntry: boolean; importers: readonly string[]; dynamicImporters: readonly string[] };
type Graph = { getModuleInfo(id: string): Module | null };

/** In this order: a piece takes what it imports with it, unless one before it has that. */
export const CHUNKS = ["page", "administration", "reports"];

/** The modules that make it be loaded: the pages, and what is imported by `import()`. */
function startsOf(id: string, graph: Graph, seen = new Set<string>()): string[] {
  const found = graph.getModuleInfo(id);
  if (seen.has(id) || !found) return [];
  seen.add(id);
  const starts = found.importers.flatMap((importer) => startsOf(importer, graph, seen));
  if (found.isEntry) starts.push("page");
  if (found.dynamicImporters.length > 0) starts.push(basename(id, ".ts"));
  return starts;
}

/** Null for what no piece needs before it is shown, such as the library of charts: it is loaded by itself. */
export function chunkOf(id: string, graph: Graph): string | null {
  const starts = new Set(startsOf(id, graph));
  const needed = CHUNKS.filter((chunk) => starts.has(chunk));
  return needed.length > 1 ? "page" : (needed[0] ?? null);
}
