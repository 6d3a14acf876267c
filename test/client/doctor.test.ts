/** `npm run doctor` against a healthy real server, and against the same one with real faults. */
import { execFile } from "node:child_process";
import { createServer, type IncomingHttpHeaders, request } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Finding, Place } from "../../scripts/doctor/check.ts";
import { CHECKS } from "../../scripts/doctor/checks.ts";
import { examine } from "../../scripts/doctor/examine.ts";
import { placeAt } from "../../scripts/doctor/place.ts";
import { changeDatabase, type Server, startServer } from "../server.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const generous = { timeout: 120_000, interval: 500 };
let server: Server;

beforeAll(async () => {
  server = await startServer();
  // As `npm start` does each minute.
  await server.runCron();
  await untilHealth((health) => !health.includes('"last_cron":null'));
});
afterAll(() => server?.stop());

type Seen = { verdict: string; says: string };
type Examined = { status: number; output: string; found: Map<string, Seen> };

/** Its output by check: the lines after a finding say how to repair it. */
function read(output: string): Map<string, Seen> {
  const found = new Map<string, Seen>();
  let last: Seen | undefined;
  for (const line of output.split("\n")) {
    const [, verdict, name = "", says = ""] = /^ {2}(ok|warning|wrong|left out) +(\S.*?) {2,}(\S.*)$/.exec(line) ?? [];
    if (verdict) {
      last = { verdict, says };
      found.set(name, last);
    } else if (last && /^ {10}/.test(line)) last.says += ` ${line.trim()}`;
  }
  return found;
}

async function doctor(url = server.url, key: string | undefined = server.token): Promise<Examined> {
  const { promise, resolve: done } = Promise.withResolvers<Examined>();
  const env = { ...process.env, EDGEPIXEL_KEY: key };
  execFile(process.execPath, ["scripts/doctor.ts", "--url", url], { cwd: ROOT, env }, (error, stdout, stderr) => {
    const output = stdout + stderr;
    done({ status: error ? Number(error.code) : 0, output, found: read(output) });
  });
  return promise;
}

/** Runs it in this process, without the keys of this machine. */
async function examined(place: Place): Promise<Map<string, Finding>> {
  const found = new Map<string, Finding>();
  for await (const { name, finding } of examine(place)) found.set(name, finding);
  return found;
}

const inDatabase = (sql: string) => changeDatabase(server, sql);

/** /health is cached for some seconds. */
const untilHealth = (holds: (health: string) => boolean) =>
  vi.waitFor(async () => {
    const text = await (await fetch(`${server.url}/health`)).text();
    expect(holds(text), text).toBe(true);
  }, generous);

describe("a healthy instance", () => {
  it("is found healthy by all checks", async () => {
    const { status, output, found } = await doctor();
    expect([...found.keys()]).toEqual(["reachable", ...CHECKS.map(({ name }) => name)]);
    // The feed of exchange rates is an external server, which may not be reachable from here.
    const verdicts = [...found].filter(([name]) => name !== "rates").map(([name, { verdict }]) => [name, verdict]);
    expect(verdicts).toEqual(verdicts.map(([name]) => [name, "ok"]));
    expect(["ok", "warning"]).toContain(found.get("rates")?.verdict);
    expect([status, output.includes(" 0 wrong")]).toEqual([0, true]);
  });

  it("counts no event of the doctor's", async () => {
    const answer = await fetch(`${server.url}/api/v1/metrics`, {
      headers: { authorization: `Bearer ${server.token}` },
    });
    expect(((await answer.json()) as { rows: unknown[] }).rows).toEqual([]);
  });

  it("is checked without a key as far as pixels and /health allow, and the skipped checks are listed", async () => {
    const found = await examined(placeAt(new URL(server.url), undefined));
    const without = ["reachable", "parts", "pixel", "version", "cron"];
    expect(without.map((name) => [name, found.get(name)?.verdict])).toEqual(without.map((name) => [name, "ok"]));
    const others = ["key", "log", "dead letters", "figures", "live", "report", "archive", "space", "clock"];
    expect(others.map((name) => [name, found.get(name)?.verdict])).toEqual(others.map((name) => [name, "left out"]));
    expect(found.size).toBe(without.length + others.length + 1);
  });
});

/** A proxy on this machine that changes the headers of answers. */
async function proxied(change: (headers: IncomingHttpHeaders) => void) {
  const proxy = createServer((incoming, outgoing) => {
    const { url: path, method, headers } = incoming;
    const { hostname, port } = new URL(server.url);
    const asked = request({ hostname, port, path, method, headers }, (answer) => {
      change(answer.headers);
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(asked);
  });
  await new Promise<void>((listening) => proxy.listen(0, "127.0.0.1", listening));
  return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, close: () => proxy.close() };
}

describe("what is wrong is found, with the way to mend it:", () => {
  it("a key that is not known", async () => {
    const { status, found } = await doctor(
      server.url,
      "ep_0000000000000000_000000000000000000000000000000000000000000000000",
    );
    expect(found.get("key")).toEqual({ verdict: "wrong", says: expect.stringContaining("EDGEPIXEL_KEY is mistyped") });
    expect(found.get("log")?.verdict).toBe("left out");
    expect(found.get("pixel")?.verdict).toBe("ok");
    expect(status).toBe(1);
  });

  it("a clock that is two hours ahead, or slow", async () => {
    for (const [hours, says] of [
      [2, /^Its clock is (\d+) seconds ahead of this machine's\./],
      [-2, /^Its clock is (\d+) seconds behind this machine's\./],
    ] as const) {
      const shifted = await proxied((headers) => {
        headers.date = new Date(Date.now() + hours * 3_600_000).toUTCString();
      });
      const clock = (await examined(placeAt(new URL(shifted.url), undefined))).get("clock");
      shifted.close();
      expect(clock?.verdict).toBe("wrong");
      const [, apart] = says.exec(clock?.says ?? "") ?? [];
      expect(Math.abs(Number(apart) - 7_200)).toBeLessThan(60);
    }
  });

  it("rates that are stale, and money that has none", async () => {
    inDatabase(`DELETE FROM exchange_rate_feed;
      INSERT INTO exchange_rate_feed (feed, tried_at, last_rate_date, error) VALUES ('ecb', 0, '2020-01-02', NULL);
      CREATE TRIGGER feed_stays BEFORE UPDATE ON exchange_rate_feed BEGIN SELECT RAISE(ABORT, 'a test keeps it'); END;`);
    await untilHealth((health) => health.includes('"last_rate_date":"2020-01-02"'));
    const stale = await doctor();
    expect(stale.found.get("rates")).toEqual({
      verdict: "warning",
      says: expect.stringContaining("The feed's newest rates are of 2020-01-02."),
    });
    // The European Central Bank has no rate for Kenyan shillings.
    const query = "player_id=p&btag=t&amount=5&currency=KES&transaction_id=T-1";
    expect((await fetch(`${server.url}/deposit?${query}`)).status).toBe(200);
    await vi.waitFor(async () => {
      const headers = { authorization: `Bearer ${server.token}` };
      expect(await (await fetch(`${server.url}/api/v1/revenue`, { headers })).text()).toContain('"KES"');
    }, generous);
    const { status, found } = await doctor();
    expect(found.get("rates")?.verdict).toBe("wrong");
    expect(found.get("rates")?.says).toMatch(/have money in a currency that has no rate: KES\. Load rates/);
    expect(status).toBe(1);
    inDatabase("DROP TRIGGER feed_stays");
  });

  it("a table that cannot be written", async () => {
    inDatabase(
      "CREATE TRIGGER broken BEFORE INSERT ON event_outcomes BEGIN SELECT RAISE(ABORT, 'a test breaks the table'); END",
    );
    const { status, found } = await doctor();
    expect(found.get("log")?.verdict).toBe("ok");
    expect(found.get("figures")?.verdict).toBe("wrong");
    expect(found.get("figures")?.says).toMatch(/outcomes.*a test breaks the table.*projection failed/);
    expect(status).toBe(1);
    inDatabase("DROP TRIGGER broken");
  });

  it("a log that refuses events", async () => {
    inDatabase("CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'a test refuses it'); END");
    const { status, found } = await doctor();
    expect(found.get("pixel")?.verdict).toBe("ok");
    expect(found.get("log")?.verdict).toBe("wrong");
    expect(found.get("log")?.says).toMatch(/refused the test event.*a test refuses it/);
    expect(found.get("dead letters")?.verdict).toBe("warning");
    expect(status).toBe(1);
    inDatabase("DROP TRIGGER full");
  });

  it("a queue whose consumer fails", async () => {
    inDatabase("ALTER TABLE suppressions RENAME TO suppressions_away");
    const { status, found } = await doctor();
    expect(found.get("pixel")?.verdict).toBe("ok");
    expect(found.get("log")?.verdict).toBe("wrong");
    expect(found.get("log")?.says).toContain("The queue keeps it and tries again. The line `append failed`");
    expect(found.get("figures")?.verdict).toBe("ok");
    expect(status).toBe(1);
    inDatabase("ALTER TABLE suppressions_away RENAME TO suppressions");
  });

  it("a database that lacks a table", async () => {
    inDatabase("DROP TABLE projections");
    await untilHealth((health) => health.includes('"database":"failing"'));
    const { status, found } = await doctor();
    expect(found.get("parts")?.verdict).toBe("wrong");
    expect(found.get("parts")?.says).toMatch(/the database \(D1\).*run `npm start` again/);
    expect(status).toBe(1);
  });

  it("a server that does not run", async () => {
    await server.stop();
    const { status, found } = await doctor();
    expect([...found.keys()]).toEqual(["reachable"]);
    expect(found.get("reachable")?.says).toMatch(/does not answer: nothing listens there.*Start it with `npm start`/);
    expect(status).toBe(1);
  });
});
