/** A path as who calls a command means it: npm runs scripts in the project's folder, whichever the caller is in. */
import { resolve } from "node:path";

export const here = (path: string): string => resolve(process.env.INIT_CWD ?? ".", path);
