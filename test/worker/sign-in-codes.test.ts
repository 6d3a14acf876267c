/** Codes that sign in once, as the key that made them. */
import { env } from "cloudflare:test";
import { expect, it } from "vitest";
import { principalOfCode } from "../../worker/http/sign-in-code.ts";
import { answerOf, call, get, read } from "./api.ts";
import { bearer, makeApiKey } from "./keys.ts";
import { createProject } from "./log.ts";

type Made = { code: string; expires_at: string };
const make = (headers?: HeadersInit) => answerOf<Made>("POST", "/session/codes", undefined, headers);
const use = (code: string) => call("POST", "/session", { code }, {});
const codesOf = async (answer: Response) =>
  (await answer.json<{ errors: { code: string }[] }>()).errors.map(({ code }) => code);
const cookieOf = (answer: Response) => ({ cookie: answer.headers.get("set-cookie")?.split(";")[0] ?? "" });

it("sign in once, for ten minutes, also when two requests use one at the same time", async () => {
  const before = Date.now();
  const { code, expires_at } = await make();
  expect(Date.parse(expires_at) - before).toBeGreaterThanOrEqual(600_000);
  expect(Date.parse(expires_at)).toBeLessThanOrEqual(Date.now() + 600_000);
  const answers = await Promise.all([use(code), use(code), use(code)]);
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401]);
  for (const refused of answers.filter(({ status }) => status === 401))
    expect(await codesOf(refused)).toEqual(["code_used"]);
  const cookie = cookieOf(answers.find(({ status }) => status === 200) as Response);
  expect(await (await get("/session", cookie)).json()).toMatchObject({ role: "admin", key_id: null });
});

it("are refused as expired or as unknown, and are stored as digests", async () => {
  const { code } = await make();
  await expect(principalOfCode(env, code, Date.now() + 600_000)).rejects.toThrow(
    "has expired: it works for 10 minutes",
  );
  expect(await codesOf(await use("epc_0"))).toEqual(["unknown_code"]);
  const { results } = await env.DB.prepare("SELECT * FROM sign_in_codes").all();
  expect(JSON.stringify(results)).not.toContain(code.slice(4));
  // On another day, making a new code removes the old ones.
  await env.DB.exec("UPDATE sign_in_codes SET expires_at = expires_at - 2 * 86400000");
  await make();
  expect((await env.DB.prepare("SELECT count(*) AS n FROM sign_in_codes").first<{ n: number }>())?.n).toBe(1);
});

it("sign in as the key that made them, and no longer than that key is valid", async () => {
  await createProject("codes");
  const key = await makeApiKey({ role: "admin", project_id: "codes" });
  const [first, second] = [await make(bearer(key)), await make(bearer(key))];
  const answer = await use(first.code);
  expect(await answer.json()).toMatchObject({ role: "admin", project_id: "codes", key_id: key.split("_")[1] });
  await call("DELETE", `/keys/${key.split("_")[1]}`);
  expect((await use(second.code)).status).toBe(401);
});

it("are not made from a session, which could otherwise be prolonged without end", async () => {
  const cookie = cookieOf(await use((await make()).code));
  const answer = await call("POST", "/session/codes", undefined, cookie);
  expect([answer.status, (await answer.json<{ detail: string }>()).detail]).toEqual([
    403,
    "A sign-in code is made with a key, and not from a session.",
  ]);
});

it("end with all sessions of their maker", async () => {
  const { code } = await make();
  expect((await call("DELETE", "/session?all=true")).status).toBe(204);
  expect(await codesOf(await use(code))).toEqual(["unknown_code"]);
});

it("end with the ADMIN_TOKEN", async () => {
  const { code } = await make();
  await expect(principalOfCode({ ...env, ADMIN_TOKEN: "another" }, code, Date.now())).rejects.toThrow("not known here");
});

it("are in the audit log, without the code", async () => {
  const { code } = await make();
  const { rows } = await read<{ rows: object[] }>("/audit?limit=1");
  expect(rows).toMatchObject([{ action: "session.code", actor: "admin", subject: "admin" }]);
  expect(JSON.stringify(rows)).not.toContain(code);
});

it("cannot be combined with a key: signing in takes one of them", async () => {
  for (const body of [{}, { key: "k", code: "c" }]) {
    const answer = await call("POST", "/session", body, {});
    expect([answer.status, (await answer.json<{ detail: string }>()).detail]).toEqual([
      400,
      "key or code is required, and not both",
    ]);
  }
});
