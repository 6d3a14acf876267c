/** Builds the static files into dist/. */
import { build } from "vite";
import { dashboard, demo, pixel } from "../vite.config.ts";

// In this order: the dashboard's build empties the folder.
for (const part of [dashboard, demo, pixel]) await build(part);
