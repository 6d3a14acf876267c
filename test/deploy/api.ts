/** Cloudflare's API in front of an account: the routes that a deployment calls. Unknown routes get an error that names them. */
import { randomUUID } from "node:crypto";
import { type Account, type Metadata, Refusal, type Right, type Script } from "./account.ts";

export type Call = { method: string; path: string; query: URLSearchParams; headers: Headers; body: Buffer };
type Asked = Call & { account: Account; parts: string[] };
type Route = { match: string; right?: Right; answer(asked: Asked): unknown };

const json = <Body>({ body }: Asked): Body => JSON.parse(body.toString() || "null") as Body;
const AGO = "2026-01-01T00:00:00Z";

const deployments = ({ versions }: Script) => ({
  deployments: versions.slice(0, 1).map(({ id }) => ({
    id: randomUUID(),
    source: "wrangler",
    strategy: "percentage",
    created_on: AGO,
    versions: [{ version_id: id, percentage: 100 }],
  })),
});

async function formOf({ body, headers }: Asked): Promise<{ metadata: Metadata; modules: Map<string, string> }> {
  const form = await new Response(new Uint8Array(body), {
    headers: { "content-type": headers.get("content-type") ?? "" },
  }).formData();
  const modules = new Map<string, string>();
  // The upload also has the code's source map.
  for (const [, part] of form)
    if (typeof part !== "string" && part.type.includes("javascript")) modules.set(part.name, await part.text());
  return { metadata: JSON.parse(form.get("metadata") as string) as Metadata, modules };
}

const A = "/accounts/:";
const SCRIPT = `${A}/workers/scripts/:`;

/** `:` stands for any part of a path; `parts` has them in order, the account's id first. */
const ROUTES: Route[] = [
  { match: "GET /accounts", answer: ({ account: { id, name, others } }) => [{ id, name }, ...others] },
  // After a refusal, Wrangler asks for the kind and the owner of the token.
  { match: "GET /user", answer: () => ({ email: "owner@example.com" }) },
  { match: "GET /user/tokens/verify", answer: () => ({ id: "token", status: "active" }) },
  { match: "GET /memberships", answer: ({ account: { id, name } }) => [{ id: "membership", account: { id, name } }] },
  {
    match: `GET ${A}/workers/subdomain`,
    right: "workers",
    answer({ account: { subdomain } }) {
      if (!subdomain) throw new Refusal(404, 10_007, "You do not have a workers.dev subdomain.");
      return { subdomain };
    },
  },
  {
    match: `GET ${A}/workers/services/:`,
    right: "workers",
    answer({ account, parts }) {
      const { migration_tag } = account.script(parts[1] as string, 10_090);
      const script = { tag: "tag", tags: [], migration_tag, last_deployed_from: "wrangler" };
      return { default_environment: { environment: "production", script } };
    },
  },
  {
    match: `GET ${A}/workers/workers/:`,
    right: "workers",
    answer: ({ account, parts }) => ({
      subdomain: { enabled: account.script(parts[1] as string).workersDev, previews_enabled: false },
    }),
  },
  {
    match: `GET ${SCRIPT}/settings`,
    right: "workers",
    answer: ({ account, parts }) => ({ bindings: account.script(parts[1] as string).bindings.map(withoutText) }),
  },
  { match: `PATCH ${SCRIPT}/script-settings`, right: "workers", answer: () => ({}) },
  {
    match: `GET ${SCRIPT}/secrets`,
    right: "workers",
    answer: ({ account, parts }) =>
      account
        .script(parts[1] as string)
        .bindings.filter(({ type }) => type === "secret_text")
        .map(({ name, type }) => ({ name, type })),
  },
  {
    match: `GET ${SCRIPT}/deployments`,
    right: "workers",
    answer: ({ account, parts }) => deployments(account.script(parts[1] as string)),
  },
  { match: `POST ${SCRIPT}/deployments`, right: "workers", answer: () => ({ id: randomUUID() }) },
  {
    match: `POST ${SCRIPT}/assets-upload-session`,
    right: "workers",
    answer(asked) {
      const { manifest } = json<{ manifest: Record<string, { hash: string }> }>(asked);
      const jwt = jwtOf(randomUUID());
      const files = new Map(Object.entries(manifest).map(([path, { hash }]) => [path, hash]));
      asked.account.sessions.set(jwt, files);
      const missing = [...new Set(files.values())].filter((hash) => !asked.account.files.has(hash));
      return { jwt, buckets: missing.length > 0 ? [missing] : [] };
    },
  },
  {
    match: `POST ${A}/workers/assets/upload`,
    async answer({ account, headers, body }) {
      const form = await new Response(new Uint8Array(body), {
        headers: { "content-type": headers.get("content-type") ?? "" },
      }).formData();
      for (const [hash, part] of form) account.files.set(hash, typeof part === "string" ? part : await part.text());
      return { jwt: (headers.get("authorization") ?? "").replace("Bearer ", "") };
    },
  },
  {
    match: `PUT ${SCRIPT}`,
    right: "workers",
    async answer(asked) {
      const { metadata, modules } = await formOf(asked);
      const { id } = asked.account.upload(asked.parts[1] as string, metadata, modules);
      return { id: asked.parts[1], etag: id, deployment_id: id.replaceAll("-", ""), startup_time_ms: 1 };
    },
  },
  {
    match: `POST ${SCRIPT}/versions`,
    right: "workers",
    async answer(asked) {
      const { metadata, modules } = await formOf(asked);
      const { id } = asked.account.upload(asked.parts[1] as string, metadata, modules);
      return { id, startup_time_ms: 1, resources: { script: { etag: id } } };
    },
  },
  {
    match: `POST ${SCRIPT}/subdomain`,
    right: "workers",
    answer(asked) {
      const { enabled } = json<{ enabled: boolean }>(asked);
      asked.account.script(asked.parts[1] as string).workersDev = enabled;
      return { enabled, previews_enabled: false };
    },
  },
  {
    match: `PUT ${SCRIPT}/schedules`,
    right: "workers",
    answer(asked) {
      const schedules = json<{ cron: string }[]>(asked);
      asked.account.script(asked.parts[1] as string).schedules = schedules.map(({ cron }) => cron);
      return { schedules };
    },
  },
  {
    match: `GET ${A}/queues`,
    right: "queues",
    answer({ account, query }) {
      const names = query.getAll("name");
      return account.queues.filter(({ queue_name }) => names.length === 0 || names.includes(queue_name));
    },
  },
  {
    match: `POST ${A}/queues`,
    right: "queues",
    answer: (asked) => asked.account.createQueue(json<{ queue_name: string }>(asked).queue_name),
  },
  {
    match: `POST ${A}/queues/:/consumers`,
    right: "queues",
    answer: (asked) => asked.account.addConsumer(asked.parts[1] as string, json(asked)),
  },
  {
    match: `PUT ${A}/queues/:/consumers/:`,
    right: "queues",
    answer(asked) {
      const { settings } = json<{ settings: object }>(asked);
      for (const consumer of asked.account.queue(asked.parts[1] as string).consumers) consumer.settings = settings;
      return {};
    },
  },
  { match: `GET ${A}/d1/database`, right: "d1", answer: ({ account }) => account.databases.map(shown) },
  {
    match: `GET ${A}/d1/database/:`,
    right: "d1",
    answer: ({ account, parts }) => shown(account.database(decodeURIComponent(parts[1] as string))),
  },
  {
    match: `POST ${A}/d1/database`,
    right: "d1",
    answer(asked) {
      const { name, primary_location_hint = null, jurisdiction = null } = json<Record<string, string | null>>(asked);
      return shown(asked.account.createDatabase(name as string, primary_location_hint, jurisdiction));
    },
  },
  {
    match: `POST ${A}/d1/database/:/query`,
    right: "d1",
    answer(asked) {
      const { sql, params = [] } = json<{ sql: string; params?: string[] }>(asked);
      return asked.account.query(asked.account.database(asked.parts[1] as string), sql, params);
    },
  },
  {
    match: `GET ${A}/r2/buckets`,
    right: "r2",
    answer: ({ account }) => ({ buckets: [...account.buckets.keys()].map((name) => ({ name })) }),
  },
  {
    match: `GET ${A}/r2/buckets/:`,
    right: "r2",
    answer({ account, parts, headers }) {
      account.needsR2();
      const bucket = account.buckets.get(parts[1] as string);
      if (!bucket || bucket.jurisdiction !== headers.get("cf-r2-jurisdiction"))
        throw new Refusal(404, 10_006, "The specified bucket does not exist.");
      return { name: parts[1] };
    },
  },
  {
    match: `POST ${A}/r2/buckets`,
    right: "r2",
    answer(asked) {
      const { name, locationHint = null } = json<{ name: string; locationHint?: string }>(asked);
      asked.account.createBucket(name, locationHint, asked.headers.get("cf-r2-jurisdiction"));
      return { name, location: locationHint };
    },
  },
  {
    match: "GET /zones",
    right: "zones",
    answer: ({ account, query }) => account.zones.filter(({ name }) => name === query.get("name")),
  },
  {
    match: `GET ${A}/workers/domains`,
    right: "workers",
    answer: ({ account, query }) =>
      [...account.domains]
        .map(([hostname, service]) => ({ id: hostname, hostname, service }))
        .filter(({ hostname }) => hostname === query.get("hostname")),
  },
  {
    match: `POST ${SCRIPT}/domains/changeset`,
    right: "workers",
    answer(asked) {
      const asking = json<{ hostname: string }[]>(asked);
      return {
        added: asking.filter(({ hostname }) => !asked.account.domains.has(hostname)),
        removed: [],
        updated: [],
        conflicting: asking.filter(({ hostname }) => asked.account.records.has(hostname)),
      };
    },
  },
  {
    match: `PUT ${SCRIPT}/domains/records`,
    right: "workers",
    answer(asked) {
      const { origins } = json<{ origins: { hostname: string }[] }>(asked);
      for (const { hostname } of origins) asked.account.domains.set(hostname, asked.parts[1] as string);
      return {};
    },
  },
];

const shown = ({ uuid, name, jurisdiction }: { uuid: string; name: string; jurisdiction: string | null }) => ({
  uuid,
  name,
  jurisdiction,
  version: "production",
});
/** The value of a secret can be written and never read. */
const withoutText = (binding: { type: string }) =>
  binding.type === "secret_text" ? { ...binding, text: undefined } : binding;
/** Wrangler reads its middle part. */
const jwtOf = (id: string) =>
  ["{}", JSON.stringify({ id }), id].map((part) => Buffer.from(part).toString("base64url")).join(".");

const PATTERNS = ROUTES.map((route) => {
  const pattern = new RegExp(`^${route.match.replaceAll(":", "([^/]+)")}$`);
  return { ...route, pattern };
});

export async function answer(account: Account, call: Call): Promise<unknown> {
  const given = (call.headers.get("authorization") ?? "").replace("Bearer ", "");
  if (given !== account.token && !account.sessions.has(given)) throw new Refusal(400, 10_000, "Authentication error");
  for (const route of PATTERNS) {
    const found = route.pattern.exec(`${call.method} ${call.path}`);
    if (!found) continue;
    if (route.right) account.may(route.right);
    return route.answer({ ...call, account, parts: found.slice(1) });
  }
  throw new Refusal(501, 0, `The stand-in knows no ${call.method} ${call.path}`);
}
