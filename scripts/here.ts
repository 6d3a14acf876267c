/** Places of files. */
import { resolve } from "node:path";

/** A path relative to the folder in which the user called the command: npm runs scripts in the project's folder. */
export const here = (path: string): string => resolve(process.env.INIT_CWD ?? ".", path);

/** The folder in which Node keeps compiled code for the next start. */
export const COMPILED = resolve(import.meta.dirname, "../node_modules/.cache/edgepixel/compiled");
