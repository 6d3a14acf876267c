/** The static files: dashboard, API docs, demo site and snippet. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Step } from "./work.ts";
import { run } from "./wrangler.ts";

const BUILT = resolve(import.meta.dirname, "../../dist/index.html");

export const buildStep: Step = {
  name: "static files",
  would: () => "npm run build",
  async run() {
    // For the tests, which build once.
    if (process.env.EDGEPIXEL_PREBUILT === "1" && existsSync(BUILT)) return "built before";
    await run("npm run build", ["scripts/build.ts"]);
    return "built";
  },
};
