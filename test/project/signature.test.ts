/** Signatures, by each language's code as the docs print it and by the dashboard, are those that the Worker checks. */
import { execFileSync, spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { describe, expect, it } from "vitest";
import { sign } from "../../dashboard/setup/signed.ts";

const guide = readFileSync(new URL("../../docs/pixels.md", import.meta.url), "utf8");
const code = (language: string) =>
  new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(guide.slice(guide.indexOf("## Signatures")))?.[1] as string;
const vector = /`([0-9a-f]{64})`/.exec(guide)?.[1];
const fields = {
  project_id: "strict",
  player_id: "p 1",
  btag: "naïve&tag",
  amount: "10.50",
  currency: "EUR",
  transaction_id: "T-1001",
};
const SECRET = "a-pixel-secret";
const has = (program: string) => spawnSync(program, ["--version"]).status === 0;

describe("the documented signature", () => {
  it("in TypeScript", () => {
    const script = `${stripTypeScriptTypes(code("ts"))}\nconsole.log(sign(${JSON.stringify(fields)}, "${SECRET}"))`;
    expect(execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" }).trim()).toBe(
      vector,
    );
  });

  it.skipIf(!has("python3"))("in Python", () => {
    const script = `import json\n${code("python")}\nprint(sign(json.loads('''${JSON.stringify(fields)}'''), "${SECRET}"))`;
    expect(execFileSync("python3", ["-c", script], { encoding: "utf8" }).trim()).toBe(vector);
  });

  it.skipIf(!has("php"))("in PHP", () => {
    const script = `${code("php")}\necho sign(json_decode('${JSON.stringify(fields)}', true), "${SECRET}");`;
    expect(execFileSync("php", ["-r", script], { encoding: "utf8" }).trim()).toBe(vector);
  });
});

it("the dashboard signs the pairs sorted by name, also when one name is a prefix of another", async () => {
  const signature = createHmac("sha256", SECRET).update("btag=spring&sub=2&sub1=1").digest("hex");
  const url = "https://events.example/deposit?sub1=1&sub=2&btag=spring";
  expect(await sign(url, SECRET)).toBe(`${url}&sig=${signature}`);
});
