/** Common to all answers of the API: headers, and CSV cells that no spreadsheet runs as formulas or converts. */
import { env, SELF } from "cloudflare:test";
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { table } from "../../worker/reports/table.ts";
import { ADMIN } from "./keys.ts";

const csvOf = async (cell: string): Promise<string> => {
  const app = new Hono().get("/", (c) => table(c, { body: {}, columns: ["cell"], rows: [{ cell }] }));
  const text = await (await app.request("/?format=csv")).text();
  return text.slice("cell\r\n".length, -"\r\n".length);
};

describe("a cell of CSV", () => {
  it.each([
    ["plain", "plain"],
    ["-12.5", "-12.5"],
    ["=1+1", "'=1+1"],
    ["-1+1", "'-1+1"],
    ["\uFF1D1+1", "'\uFF1D1+1"],
    ["\uFF0Bcmd", "'\uFF0Bcmd"],
    ["\uFF0Dcmd", "'\uFF0Dcmd"],
    ["\uFF20sum", "'\uFF20sum"],
    ["a;=1+1", `"a;'=1+1"`],
    ["a;b", `"a;b"`],
    ["a\t@sum", `"a\t'@sum"`],
    ["\u202E=1+1\u2066", "'=1+1"],
    ["fdp.\u202Eexe", "fdp.exe"],
    ['say "a"', '"say ""a"""'],
  ])("%j is written as %j", async (given, written) => expect(await csvOf(given)).toBe(written));
});

describe("CSV for Excel", () => {
  const rows = [{ tag: "Käse-naïve", net: "-12.50" }];
  const columns = ["tag", "net"];
  async function* pages() {
    yield rows;
  }
  it.each<[string, () => typeof rows | AsyncIterable<typeof rows>]>([
    ["whole", () => rows],
    ["in pages", pages],
  ])("%s begins with a mark, and CSV for programs does not", async (_, some) => {
    const app = new Hono().get("/", (c) => table(c, { body: {}, columns, rows: some() }));
    const bytes = async (format: string) => {
      const answer = await app.request(`/?format=${format}`);
      expect(answer.headers.get("content-type")).toBe("text/csv; charset=utf-8");
      return [...new Uint8Array(await answer.arrayBuffer())];
    };
    const text = [...new TextEncoder().encode("tag,net\r\nKäse-naïve,-12.50\r\n")];
    expect(await bytes("excel")).toEqual([0xef, 0xbb, 0xbf, ...text]);
    expect(await bytes("csv")).toEqual(text);
  });
});

describe("an answer of the API", () => {
  const ask = (method: string, path: string, body?: object, headers: HeadersInit = ADMIN) =>
    SELF.fetch(`https://answers.example${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });

  it("forbids caches to store it unless it allows that, and forbids browsers to guess its type", async () => {
    const answers = [
      await ask("GET", "/api/v1/keys"),
      await ask("POST", "/api/v1/keys", { name: "k", role: "viewer", project_id: "default" }),
      await ask("GET", "/v1/session"),
      await ask("POST", "/api/session", { key: env.ADMIN_TOKEN }, {}),
      await ask("GET", "/api/v1/keys", undefined, {}),
      await ask("GET", "/api/v1/nothing"),
    ];
    for (const answer of answers) {
      await answer.body?.cancel();
      expect(answer.headers.get("cache-control")).toBe("no-store");
      expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    }
    const report = await ask("GET", "/api/v1/metrics?from=2020-01-01&to=2020-01-02");
    await report.body?.cancel();
    expect(report.headers.get("cache-control")).toBe("private, no-cache");
    expect(report.headers.get("x-content-type-options")).toBe("nosniff");
  });
});
