/** How much a browser downloads, and how much code there is to read. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const gzipped = (file: string) => gzipSync(readFileSync(file), { level: 9 }).length;
const within = (folder: string, ends: RegExp) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => ends.test(name) && statSync(join(folder, name)).isFile())
    .map((name) => join(folder, name));
const sum = (values: number[]) => values.reduce((all, value) => all + value, 0);

const FOLDERS = ["worker", "pixel", "dashboard", "demo", "scripts", "bench", "test"];

export async function benchSizes(): Promise<void> {
  console.log("\nWhat a browser downloads (bytes, gzipped; after npm run build):");
  console.table([
    { what: "pixel.js", files: 1, bytes: gzipped("dist/pixel.js") },
    ...[
      { what: "dashboard, JavaScript", ends: /\.js$/ },
      { what: "dashboard, CSS", ends: /\.css$/ },
    ].map(({ what, ends }) => {
      const files = within("dist/assets", ends);
      return { what, files: files.length, bytes: sum(files.map(gzipped)) };
    }),
  ]);
  console.log("\nLines of code:");
  console.table(
    FOLDERS.map((folder) => {
      const lines = within(folder, /\.(?:tsx?|css)$/).map((file) => readFileSync(file, "utf8").split("\n").length - 1);
      const sorted = lines.toSorted((a, b) => a - b);
      return {
        folder,
        files: lines.length,
        lines: sum(lines),
        "median file": sorted[Math.floor(lines.length / 2)],
        largest: sorted.at(-1),
      };
    }),
  );
}
