/**
 * A line of the log: JSON, which begins with what happened, in words. It never has query strings, bodies, secrets, addresses
 * or ids of people; a request is named by its id and the pattern of its route.
 */
export type Level = "debug" | "info" | "warn" | "error";

export function log(level: Level, message: string, fields: Record<string, unknown>): void {
  console[level](JSON.stringify({ level, message, ...fields }));
}
