/**
 * The docs' examples, unchanged. Each fenced block of code is tested by its language, or by the words after
 * the language: `json body NAME` is a body that the operation of that name accepts, `json answer NAME STATUS [list]` its answer.
 * A block without a test here fails.
 */
import { execFile, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, delimiter, join, relative, resolve } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Server, startServer } from "../server.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const read = (file: string) => readFileSync(join(ROOT, file), "utf8");
const run = promisify(execFile);

type Block = { name: string; info: string; text: string; heading: string };
const pages = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md"))
    .map((file) => join("docs", file)),
].map((file) => ({ file, text: read(file) }));

function* blocksOf({ file, text }: { file: string; text: string }): Generator<Block> {
  let heading = "";
  for (const found of text.matchAll(/^#+ ([^\n]+)$|^( *)```([^\n]*)\n(.*?)^ *```$/gms)) {
    const [, title, indent = "", info = "", code = ""] = found;
    if (title !== undefined) heading = title;
    else {
      const line = text.slice(0, found.index).split("\n").length;
      yield { name: `${file}:${line}`, info, text: code.replaceAll(new RegExp(`^${indent}`, "gm"), ""), heading };
    }
  }
}
const blocks = pages.flatMap((page) => [...blocksOf(page)]);

let server: Server;
/** The folder where commands run: inside the project, so that npm finds it, with the files that the docs name. */
let folder: string;

/** Replaces the example's address, names and values by real ones, as a reader does. */
const VALUES: [string | RegExp, () => string][] = [
  [/https:\/\/YOUR-HOST|(?:http:\/\/)?localhost:8787/g, () => server.url],
  ["YOUR-PROJECT", () => "default"],
  ["{player_id}", () => "player-42"],
  ["{btag}", () => "summer"],
  ["{payout}", () => "25.00"],
  ["{currency}", () => "EUR"],
  ["{transaction_id}", () => "T-1"],
  ["{click_id}", () => "c1"],
];
const filled = (text: string) => VALUES.reduce((all, [name, value]) => all.replaceAll(name, value), text);

const asAdmin = () => ({ authorization: `Bearer ${server.token}` });
async function post(path: string, body: string): Promise<string> {
  const answer = await fetch(server.url + path, { method: "POST", headers: asAdmin(), body });
  return `${answer.status} ${await answer.text()}`;
}

const FILES: Record<string, string | Buffer> = {
  "access.log.gz": gzipSync(
    '192.0.2.1 - - [01/May/2026:10:00:00 +0000] "GET /visit?player_id=p&btag=summer HTTP/1.1" 200 43 "-" "Mozilla/5.0"\n',
  ),
  "deposits.csv": "when,customer,payout\n2026-05-01T10:00:00Z,player-1,25.00\n",
  "conversions.csv":
    "Sub ID;TID;Status;Postback datetime;Revenue\n1dad2cg1;T-1;sale;2026-05-02 00:10:00;21.0\n1dad2cg2;T-2;lead;2026-05-02 00:12:00;21.0\n",
  "rates.csv": "currency_code,rate_date,usd_rate,data_source\nEUR,2026-05-01,1.0825,treasury\n",
  // So that a command fails if the server refuses its request.
  "bin/curl": `#!/bin/sh\nPATH="${process.env.PATH}" exec curl --silent --show-error --fail-with-body "$@"\n`,
};

beforeAll(async () => {
  mkdirSync(join(ROOT, ".tsbuild"), { recursive: true });
  folder = mkdtempSync(join(ROOT, ".tsbuild/docs-"));
  mkdirSync(join(folder, "bin"));
  for (const [file, content] of Object.entries(FILES)) writeFileSync(join(folder, file), content, { mode: 0o755 });
  server = await startServer();
  expect(await post("/api/v1/projects", '{"project_id":"brand"}')).toMatch(/^201/);
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const environment = () => ({
  ...process.env,
  // As npm sets the path: the project's Node first.
  PATH: [join(folder, "bin"), join(ROOT, "node_modules/.bin"), process.env.PATH].join(delimiter),
  EDGEPIXEL_URL: server.url,
  EDGEPIXEL_KEY: server.token,
  ADMIN_TOKEN: server.token,
  KEY: server.token,
  WRANGLER_SEND_METRICS: "false",
  CI: "1",
});

/** Returns its output; throws if it fails. */
async function shell(command: string): Promise<string> {
  const ended = run("bash", ["-euo", "pipefail", "-c", command], { cwd: folder, env: environment() });
  const { stdout, stderr } = await ended.catch((error: { stdout: string; stderr: string; code: number }) => {
    throw new Error(`${command}\nended with ${error.code}:\n${error.stdout}${error.stderr}`);
  });
  return stdout + stderr;
}

/** Runs the command until it prints the expected text, and then stops it. */
async function shellUntil(command: string, printed: RegExp): Promise<void> {
  const child = spawn("bash", ["-c", command], { cwd: folder, env: environment(), detached: true });
  let output = "";
  const seen = new Promise<void>((done, fail) => {
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        if (printed.test(output)) done();
      });
    child.once("exit", (code) => fail(new Error(`${command}\nended with ${code}:\n${output}`)));
  });
  try {
    await seen;
  } finally {
    const ended = new Promise((done) => child.once("close", done));
    process.kill(-(child.pid as number), "SIGINT");
    await ended;
  }
}

const helps = new Map<string, Promise<string>>();
/** wrangler's help lists the command, and each of its options. */
async function explained(command: string): Promise<void> {
  const [, words = "", given = ""] = /wrangler -- ([a-z0-9 -]+?)((?: --| [A-Z]).*)?$/.exec(command) ?? [];
  const help = helps.get(words) ?? shell(`wrangler ${words} --help`);
  helps.set(words, help);
  const options = given.match(/--[a-z-]+/g) ?? [];
  const text = await help;
  // For an unknown command, wrangler prints the help of its group.
  const [heading = ""] = text.split("\n").filter((line) => line.startsWith("wrangler "));
  expect(heading.split(" ").length).toBeGreaterThanOrEqual(Math.min(3, words.split(" ").length + 1));
  expect([command, options.filter((option) => !text.includes(option))]).toEqual([command, []]);
}

type Rule = { command: RegExp; why: string; prove(command: string): Promise<unknown> };
const elsewhere = async () => undefined;

/** Commands that cannot run here unchanged, and what runs instead. All others run. */
const RULES: Rule[] = [
  {
    command: /^(?:git pull && )?npm ci && npm (?:start|test|run deploy)$/,
    why: "`npm ci` would take the running tests' modules away. The server here is `npm start`'s, and this is `npm test`.",
    prove: elsewhere,
  },
  {
    command: /^npm run demo$/,
    why: "It runs until it is stopped.",
    async prove(command) {
      await shellUntil(command, /accepted [1-9]/);
      // Its people's payments can be converted from the first event on.
      const rates = `${server.url}/api/v1/exchange-rates?currency_code=SEK`;
      expect(await (await fetch(rates, { headers: asAdmin() })).text()).toContain('"data_source":"demo"');
    },
  },
  {
    command: /^npm run build:client && npm pack/,
    why: "test/client/package.test.ts makes the package, installs it, and compiles and runs what uses it.",
    prove: elsewhere,
  },
  {
    command: /^npm run deploy$/,
    why: "Needs an account: test/deploy runs it against a stand-in for one.",
    prove: elsewhere,
  },
  {
    command: /^npm run deploy -- --domain /,
    why: "Needs an account and a domain: it prints each step.",
    prove: async (command) => expect(await shell(`${command} --dry-run`)).toContain(command.split(" ").at(-1)),
  },
  {
    command: /npm run wrangler -- deploy --dry-run$/,
    why: "`npm run build`, which comes before it, would empty the folder that other tests serve; npm test builds first.",
    prove: (command) => shell(command.replace("npm run build && ", "")),
  },
  {
    command: /wrangler -- d1 execute/,
    why: "Asks the local database: there is no account here.",
    prove: (command) =>
      shell(command.replace(" edgepixel --remote", ` edgepixel --local --persist-to ${server.persistTo}`)),
  },
  {
    command: /npm run wrangler -- /,
    why: "Needs an account: its options are looked for in its help.",
    prove: explained,
  },
  {
    command: /npm run restore/,
    why: "Takes the whole log back: test/golden/sent.test.ts loses a database and restores it.",
    prove: elsewhere,
  },
  {
    command: /^npm run doctor/,
    why: "An instance with what the docs' examples send has faults: test/client/doctor.test.ts runs it beside a healthy one.",
    prove: elsewhere,
  },
  { command: /^(?:jq|openssl) /, why: "test/project/receipt.test.ts verifies receipts by them.", prove: elsewhere },
];

/** A command may continue on further lines; text after a # is a comment. */
const commandsOf = (text: string) =>
  text
    .replaceAll(/\\\n\s*/g, "")
    .split("\n")
    .map((line) => line.replace(/\s+# .*$/, "").trim())
    .filter(Boolean);

type Schema = {
  $ref?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
};
type Operation = {
  operationId: string;
  responses: Record<string, { $ref?: string; content?: Record<string, { schema: Schema }> }>;
};
type OpenApi = {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema>; responses: Record<string, Operation["responses"][string]> };
};

const openApi = async (): Promise<OpenApi> => (await (await fetch(`${server.url}/openapi.json`)).json()) as OpenApi;

async function operation(id: string | undefined) {
  const document = await openApi();
  for (const [path, methods] of Object.entries(document.paths))
    for (const [method, entry] of Object.entries(methods))
      if (entry.operationId === id) return { document, path, method, entry };
  throw new Error(`There is no operation ${id}.`);
}

/** The names in a value that its schema does not have, with the path to each. */
function unknownIn(value: unknown, schema: Schema, document: OpenApi, way = ""): string[] {
  if (schema.$ref) return unknownIn(value, document.components.schemas[basename(schema.$ref)] ?? {}, document, way);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) {
    const each = choices.map((choice) => unknownIn(value, choice, document, way));
    return each.reduce((best, found) => (found.length < best.length ? found : best));
  }
  if (Array.isArray(value))
    return value.flatMap((one, index) => unknownIn(one, schema.items ?? {}, document, `${way}/${index}`));
  if (typeof value !== "object" || value === null) return schema.properties || schema.items ? [`${way} is none`] : [];
  const { properties = {}, additionalProperties: others } = schema;
  return Object.entries(value).flatMap(([name, one]) => {
    const own = properties[name] ?? (typeof others === "object" ? others : undefined);
    if (own) return unknownIn(one, own, document, `${way}/${name}`);
    return others === true || Object.keys(schema).length === 0 ? [] : [`${way}/${name}`];
  });
}

/** The files that programs of these languages need to be compiled. */
const COMPILED: Record<string, { extension: string; options: object }> = {
  js: { extension: "js", options: { lib: ["esnext", "dom"], types: ["node"], checkJs: true, noImplicitAny: false } },
  ts: { extension: "ts", options: { lib: ["esnext", "dom"], types: ["node"] } },
  "ts workers": { extension: "ts", options: { lib: ["esnext", "dom"], types: ["@cloudflare/workers-types"] } },
};

/** The compiler's errors about all blocks of a language, by name: it runs once for each language. */
const compiled = new Map<string, Promise<Map<string, string>>>();
async function compile(info: string): Promise<Map<string, string>> {
  const { extension, options } = COMPILED[info] as (typeof COMPILED)[string];
  const program = join(folder, info.replace(" ", "-"));
  mkdirSync(program);
  const own = blocks.filter((block) => block.info === info);
  const fileOf = ({ name }: Block) => `${name.replaceAll(/[/:.]/g, "_")}.${extension}`;
  // Each is a separate module, with the globals of a page that has the snippet.
  for (const block of own) writeFileSync(join(program, fileOf(block)), `${block.text}\nexport {};\n`);
  const from = relative(program, ROOT);
  writeFileSync(
    join(program, "globals.d.ts"),
    `import type { Pixel } from "${from}/pixel/pixel.ts";\ndeclare global { const pixel: Pixel; }\n`,
  );
  const config = {
    extends: `${from}/tsconfig.base.json`,
    compilerOptions: {
      composite: false,
      emitDeclarationOnly: false,
      noEmit: true,
      allowJs: true,
      noUnusedLocals: false,
      ...options,
      paths: { "edgepixel/client": [`${from}/pixel/client.ts`] },
    },
    files: [...own.map(fileOf), ...(info === "js" ? ["globals.d.ts"] : [])],
  };
  writeFileSync(join(program, "tsconfig.json"), JSON.stringify(config));
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const { stdout } = await run(process.execPath, [tsc, "-p", program, "--pretty", "false"], { cwd: program }).catch(
    (error: { stdout: string }) => error,
  );
  const said = (block: Block) => stdout.split("\n").filter((line) => line.startsWith(fileOf(block)));
  const others = stdout
    .split("\n")
    .filter((line) => line && !own.some((block) => line.startsWith(fileOf(block))) && !line.startsWith(" "));
  expect(others).toEqual([]);
  return new Map(own.map((block) => [block.name, said(block).join("\n")]));
}
async function compiles({ name, info }: Block): Promise<void> {
  const diagnostics = compiled.get(info) ?? compile(info);
  compiled.set(info, diagnostics);
  expect((await diagnostics).get(name)).toBe("");
}

async function has(program: string): Promise<boolean> {
  return run(program, ["--version"]).then(
    () => true,
    () => false,
  );
}

/** Runs code that sends events; if code needs a package or an external account, only its syntax is checked. */
async function script(program: string, check: string[], { text, name }: Block): Promise<void> {
  if (!(await has(program))) return;
  const file = join(folder, `${name.replaceAll(/\W/g, "_")}.${program}`);
  writeFileSync(file, `${program === "php" ? "<?php\n" : ""}${filled(text)}`);
  const sends = text.includes("YOUR-HOST");
  const { stdout } = await run(program, [...(sends ? [] : check), file], { env: environment() });
  if (sends) expect(stdout).toContain("accepted");
}

const PROVED: Record<string, (block: Block) => Promise<void>> = {
  async sh({ text }) {
    const commands = commandsOf(text);
    expect(commands.length).toBeGreaterThan(0);
    for (const command of commands) {
      const rule = RULES.find((one) => one.command.test(command));
      if (rule) await rule.prove(filled(command));
      else await shell(filled(command));
    }
  },
  async html({ text }) {
    const addresses = [...filled(text).matchAll(/\bsrc ?= ?"([^"]+)"/g)].map(([, address = ""]) => address);
    expect(addresses.length).toBeGreaterThan(0);
    for (const address of addresses) expect([address, (await fetch(address)).status]).toEqual([address, 200]);
  },
  /** Code of guides to paste into a page is run in a browser by test/browser/guides.test.ts. */
  async "html browser"({ name }) {
    expect(read("test/browser/guides.test.ts")).toContain(basename(name.replace(/:\d+$/, "")));
  },
  /** A file that a guide quotes: test/project/links.test.ts compares them, and test/browser/guides.test.ts runs the file. */
  async code({ name }) {
    expect(name).toMatch(/^docs\/guides\//);
  },
  /** Addresses of pixels, one a line. */
  async text({ text }) {
    for (const address of filled(text).trim().split("\n"))
      expect([address, (await fetch(address)).status]).toEqual([address, 200]);
  },
  async mermaid({ text }) {
    const places = [...text.matchAll(/\bworker\/[\w./-]+/g)].map(([place]) => place);
    expect(places.length).toBeGreaterThan(0);
    expect(places.filter((place) => !existsSync(join(ROOT, place)))).toEqual([]);
  },
  js: compiles,
  ts: compiles,
  "ts workers": compiles,
  python: (block) => script("python3", ["-m", "py_compile"], block),
  php: (block) => script("php", ["-l"], block),
  /** Settings, which send nothing. */
  "php settings": (block) =>
    script("php", ["-l"], { ...block, text: block.text.replaceAll("YOUR-HOST", "events.example") }),
  async "json body"({ info, text }) {
    const { path, method } = await operation(info.split(" ")[2]);
    expect(method).toBe("post");
    expect(await post(path, text)).toMatch(/^20[012] /);
  },
  async "json answer"({ info, text }) {
    const [, , id, status = "", list] = info.split(" ");
    const { document, entry } = await operation(id);
    let answer = entry.responses[status];
    if (answer?.$ref) answer = document.components.responses[basename(answer.$ref)];
    const whole = Object.values(answer?.content ?? {})[0]?.schema;
    expect(whole).toBeDefined();
    const given: unknown = JSON.parse(text);
    expect(unknownIn(list ? { [list]: [given] } : given, whole ?? {}, document)).toEqual([]);
  },
  async yaml({ text }) {
    // Prometheus' configuration, for the files in the same folder; the files that it names exist.
    for (const [, file = ""] of text.matchAll(/^rule_files: \[(.+)\]$/gm))
      expect(read(`docs/prometheus/${file}`)).toContain("groups:");
    expect(text.split("\n").filter((line) => !/^(?: {2})*(?:- )?[a-z_]+:|^ +- |^$/.test(line))).toEqual([]);
  },
  /** For DuckDB: run by test/archive/duckdb.test.ts, which has an archive with all kinds of data. */
  async "sql duckdb"({ name }) {
    expect(name).toMatch(/^docs\/archive\.md/);
    expect(read("test/archive/duckdb.test.ts")).toContain('{ docs: "docs/archive.md" }');
  },
  /** For external databases, which need an account: the page says that this was not run. */
  async sql({ heading }) {
    expect(heading).toContain("(not tested here)");
  },
};

const kindOf = ({ info }: Block) => {
  const given = info === "" ? "text" : info;
  if (/^\w+ code\//.test(given)) return "code";
  return given.startsWith("json ") ? given.split(" ").slice(0, 2).join(" ") : given;
};

describe("the docs' examples", () => {
  it("are found, and use every rule", () => {
    expect(blocks.length).toBeGreaterThan(30);
    const commands = blocks.filter(({ info }) => info === "sh").flatMap(({ text }) => commandsOf(text));
    const used = RULES.filter((rule) => commands.some((command) => rule.command.test(command)));
    expect(RULES.filter((rule) => !used.includes(rule)).map(({ why }) => why)).toEqual([]);
  });

  it.each(blocks)(
    "$name $info",
    async (block) => {
      const prove = PROVED[kindOf(block)];
      if (!prove)
        throw new Error(`Nothing here knows how to prove a block of "${block.info}": say so in its first line.`);
      await prove(block);
    },
    300_000,
  );
});

describe("addresses", () => {
  it("are answered by the Worker and not by the static files, with and without a slash at their end", async () => {
    const paths = Object.keys((await openApi()).paths).map((path) => path.replace(/\{\w+\}/g, "x"));
    expect(paths).toContain("/visit");
    // The Worker's answers have an id of the request, those of pixels too; static files have none.
    const unanswered = await Promise.all(
      [...paths, "/pixel/level_up", "/openapi.json"].flatMap((path) =>
        [path, `${path}/`].map(async (given) => {
          const { headers } = await fetch(server.url + given);
          return headers.has("x-request-id") ? [] : [given];
        }),
      ),
    );
    expect(unanswered.flat()).toEqual([]);
  });
});

describe("commands in the text", () => {
  const options = pages.flatMap(({ file, text }) =>
    [...text.matchAll(/npm (?:run )?([\w:]+) -- ([^`\n|]*)/g)].flatMap(([, script = "", given = ""]) =>
      [...given.matchAll(/--([a-z-]+)/g)].map(([, option = ""]) => ({ file, script, option })),
    ),
  );

  it("have only options that their scripts accept", () => {
    // These two pass their options on: to wrangler, and to vitest.
    const own = options.filter(({ script }) => script !== "wrangler" && script !== "test");
    expect(own.length).toBeGreaterThan(5);
    const help = new Map<string, string>();
    for (const { script } of own) {
      if (help.has(script)) continue;
      const { stdout, status } = spawnSync(process.execPath, [`scripts/${script}.ts`, "--help"], {
        cwd: ROOT,
        encoding: "utf8",
      });
      expect({ script, status }).toEqual({ script, status: 0 });
      help.set(script, stdout);
    }
    expect(own.filter(({ script, option }) => !help.get(script)?.includes(`--${option} `))).toEqual([]);
  });

  const wrangler = new Set(pages.flatMap(({ text }) => text.match(/(?<=`)npm run wrangler -- [a-z][^`]*(?=`)/g) ?? []));
  it.each([...wrangler])("%s is a command of wrangler", explained, 120_000);

  it("run wrangler with the project's Node", () => {
    expect(pages.filter(({ text }) => /npx wrangler/.test(text)).map(({ file }) => file)).toEqual([]);
  });
});
