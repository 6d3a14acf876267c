/** The package as users install it: without the server's dependencies, with types that need no other package. */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");
const run = promisify(execFile);
let project: string;

/** This Node, and the machine's Node if that is another. */
const nodes = [process.execPath, ...(process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, "node"))]
  .filter((path, index) => index === 0 || (existsSync(path) && !path.includes("node_modules")))
  .map((path) => realpathSync(path))
  .filter((path, index, all) => all.indexOf(path) === index);

const MAIN = `
import { type Client, createClient, type EdgepixelEvent } from "edgepixel/client";

const client: Client = createClient({ url: "https://events.example", key: "k", onRejected: (event, errors) => {
  const id: string = event.event_id;
  const code: "missing" | (string & {}) = errors[0]?.code ?? id;
  void code;
} });
const purchase: EdgepixelEvent<"purchase"> = {
  event_type: "purchase", player_id: "p", transaction_id: "t", amount: "4.99", currency: "EUR",
  data: { product_id: "gems", store: "steam" },
};
client.track(purchase);
client.track({ event_type: "anything", visitor_id: "v", data: { of: ["one's", "own"] } });
// @ts-expect-error a deposit has an amount
client.track({ event_type: "deposit", player_id: "p" });
// @ts-expect-error a player is text, so the contract is more than any
client.track({ event_type: "visit", player_id: 5 });
// @ts-expect-error the count is a number
const wrong: string = (await client.close()).accepted;
void wrong;
`;

const RUN = `
import { createClient } from "edgepixel/client";
const client = createClient({ url: process.argv[2], key: "k" });
client.track({ event_type: "visit", player_id: "p" });
console.log(JSON.stringify(await client.close()));
`;

beforeAll(async () => {
  project = mkdtempSync(join(tmpdir(), "edgepixel-package-"));
  await run(process.execPath, ["scripts/build-client.ts"], { cwd: ROOT });
  const packed = await run("npm", ["pack", join(ROOT, "dist-client"), "--json", "--pack-destination", project]);
  const [{ filename }] = JSON.parse(packed.stdout) as [{ filename: string }];
  expect(readFileSync(join(ROOT, "docs/sdk.md"), "utf8")).toContain(`npm install ../edgepixel/${filename}`);
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "empty", private: true, type: "module" }));
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", `./${filename}`], { cwd: project });
  writeFileSync(join(project, "main.ts"), MAIN);
  writeFileSync(join(project, "run.js"), RUN);
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

it("has no dependencies, and is small", () => {
  const installed = readdirSync(join(project, "node_modules")).filter((name) => !name.startsWith("."));
  expect(installed).toEqual(["edgepixel"]);
  const code = readFileSync(join(project, "node_modules/edgepixel/client.js"));
  expect(code.toString()).not.toMatch(/\bimport\b|\brequire\(/);
  expect(gzipSync(code, { level: 9 }).length).toBeLessThan(3_200);
});

it("says in short what is wrong where the key is not set", async () => {
  writeFileSync(join(project, "wrong.js"), RUN.replace('"k"', "process.env.EDGEPIXEL_NO_SUCH_KEY"));
  const error = await run(process.execPath, [join(project, "wrong.js"), "https://events.example"]).then(
    () => "",
    ({ stderr }: { stderr: string }) => stderr,
  );
  expect(error).toContain("TypeError: edgepixel: key must be a key");
  expect(Math.max(...error.split("\n").map((line) => line.length))).toBeLessThan(300);
});

it.each(["nodenext", "bundler"])("has types that need no other package, with %s", async (moduleResolution) => {
  const config = {
    compilerOptions: {
      target: "es2022",
      module: moduleResolution === "bundler" ? "esnext" : "nodenext",
      moduleResolution,
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
      types: [],
    },
    files: ["main.ts"],
  };
  const path = join(project, `tsconfig.${moduleResolution}.json`);
  writeFileSync(path, JSON.stringify(config));
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const output = await run(process.execPath, [tsc, "-p", path]).then(
    () => "",
    (error: { stdout: string }) => error.stdout,
  );
  expect(output).toBe("");
});

it.each(nodes)("runs in %s", async (node) => {
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    bodies.push(Buffer.concat(chunks).toString());
    const results = [{ index: 0, status: "accepted", event_id: "e" }];
    response.writeHead(202).end(JSON.stringify({ status: "accepted", accepted: 1, rejected: 0, results }));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { stdout } = await run(node, [join(project, "run.js"), url], { timeout: 20_000 });
    expect(JSON.parse(stdout)).toMatchObject({ accepted: 1, rejected: 0, dropped: 0 });
    expect(bodies.map((body) => JSON.parse(body))).toMatchObject([
      { events: [{ event_type: "visit", player_id: "p", event_id: expect.any(String) }] },
    ]);
  } finally {
    server.close();
  }
});
