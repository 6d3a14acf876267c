/** Builds the static files into dist/. */
import { build } from "vite";
import { dashboard, demo, docs, pixel } from "../vite.config.ts";

// The dashboard comes first, since its build empties the folder.
for (const part of [dashboard, docs, demo, pixel]) await build(part);
