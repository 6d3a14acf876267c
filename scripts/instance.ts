/** The instance to which a command sends its requests, and the administrator's key for it. */
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

/** The instance to which a command sends its requests, unless `--url` names another. */
export const DEFAULT_URL = process.env.EDGEPIXEL_URL || "http://localhost:8787";

export type Instance = { url: string; key: string };

export const isLocal = ({ hostname }: URL) => ["localhost", "127.0.0.1", "[::1]"].includes(hostname);

/** A key in the address is refused: arguments show in the list of processes. */
export function addressOf(address: string): URL {
  if (!/^https?:/.test(address) || !URL.canParse(address))
    throw new Error(`--url must be an address such as https://pixel.example, not ${address}`);
  const url = new URL(address);
  if (url.username || url.password) throw new Error("Put the key into EDGEPIXEL_KEY, not into --url.");
  return url;
}

export function instanceAt(address: string): Instance {
  const url = addressOf(address);
  if (url.protocol !== "https:" && !isLocal(url))
    throw new Error("--url must begin with https://, or the key could be read on the way.");
  const key = keyFor(url);
  if (!key) throw new Error("Put a key with the role admin into EDGEPIXEL_KEY.");
  return { url: url.origin, key };
}

/** The key for an instance; undefined where there is none, or where the connection is not encrypted. */
export const keyFor = (url: URL): string | undefined =>
  url.protocol === "https:" || isLocal(url)
    ? process.env.EDGEPIXEL_KEY || (isLocal(url) ? localToken() : undefined)
    : undefined;

/** The ADMIN_TOKEN of the instance that `npm start` runs. */
export function localToken(): string | undefined {
  const secrets = resolve(import.meta.dirname, "../.dev.vars");
  return existsSync(secrets) ? /^ADMIN_TOKEN="?([^"\n]+)/m.exec(readFileSync(secrets, "utf8"))?.[1] : undefined;
}
