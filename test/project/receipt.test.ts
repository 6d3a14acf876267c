/** The receipt of an erasure is verified by the code that the docs print. */
import { execFileSync, spawnSync } from "node:child_process";
import { generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { canonical } from "../../worker/erasure/receipt.ts";

const guide = readFileSync(new URL("../../docs/privacy.md", import.meta.url), "utf8");
const code = (language: string) =>
  new RegExp(`\`\`\`${language}\\b[^\\n]*\\n([\\s\\S]*?)\`\`\``).exec(guide)?.[1] as string;
const printed = JSON.parse(code("json")) as { signature: string; error: null; found: Record<string, number> };

const { publicKey, privateKey } = generateKeyPairSync("ed25519");
const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
const { signature: _, error, ...signed } = printed;
const receipt = {
  ...signed,
  signature: sign(null, Buffer.from(canonical(signed)), privateKey).toString("base64"),
  error,
};
const forged = { ...receipt, found: { ...receipt.found, events: 0 } };

const has = (program: string) => spawnSync(program, ["--version"]).status === 0;
const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

describe("the documented verification", () => {
  it("in Node", () => {
    const ask = (given: object) =>
      execFileSync(
        process.execPath,
        [
          "--input-type=module",
          "-e",
          `${code("js")}\nconsole.log(isGenuine(${JSON.stringify(given)}, ${JSON.stringify(pem)}))`,
        ],
        { encoding: "utf8" },
      ).trim();
    expect([ask(receipt), ask(forged)]).toEqual(["true", "false"]);
  });

  it.skipIf(!has("jq") || !hasOpenssl)("with openssl", () => {
    const ask = (given: object) => {
      const cwd = mkdtempSync(join(tmpdir(), "receipt-"));
      writeFileSync(join(cwd, "receipt.json"), JSON.stringify(given));
      writeFileSync(join(cwd, "key.pem"), pem);
      return spawnSync("sh", ["-ec", code("sh")], { cwd, encoding: "utf8" }).status;
    };
    expect(ask(receipt)).toBe(0);
    expect(ask(forged)).not.toBe(0);
  });
});
