/** Places of files. */
import { resolve } from "node:path";

/** A path as who calls a command means it: npm runs scripts in the project's folder, whichever the caller is in. */
export const here = (path: string): string => resolve(process.env.INIT_CWD ?? ".", path);

/** Where Node keeps the code that it has compiled, for the next start. */
export const COMPILED = resolve(import.meta.dirname, "../node_modules/.cache/edgepixel/compiled");
