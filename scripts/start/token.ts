/** The ADMIN_TOKEN of this machine's instances, in the file of secrets that wrangler reads. */
import { randomBytes } from "node:crypto";
import { appendFileSync, existsSync, linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";

/** Makes a token where there is none. Of two starts at the same time, one makes the complete file and the other uses it. */
export function makeToken(file: string): void {
  const line = `ADMIN_TOKEN=${randomBytes(24).toString("base64url")}\n`;
  if (!existsSync(file)) {
    const making = `${file}.${process.pid}`;
    writeFileSync(making, line, { mode: 0o600 });
    try {
      // Fails where the file exists by now.
      linkSync(making, file);
    } catch (error) {
      if (!existsSync(file)) throw error;
    } finally {
      rmSync(making);
    }
  }
  if (!/^ADMIN_TOKEN=./m.test(readFileSync(file, "utf8"))) appendFileSync(file, line, { mode: 0o600 });
}
