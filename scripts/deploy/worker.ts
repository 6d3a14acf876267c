/** The Worker itself: whether an existing one is Edgepixel, the administrator's first key, and the upload. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { orNull } from "./cloudflare.ts";
import { fileOf, writeConfiguration } from "./files.ts";
import { type Binding, type Check, dashboard, planOf, type Step, type Work } from "./work.ts";
import { wrangler } from "./wrangler.ts";

const NO_SUCH_WORKER = [10_007, 10_090];
/** Bindings that every version of this Worker has. */
const OURS = ["DB", "EVENTS", "LIVE"];
const SECRET = "ADMIN_TOKEN";

/** Whether this runs on Cloudflare's machines, which deploy a push. */
const IN_WORKERS_BUILDS = process.env.WORKERS_CI === "1";
/** Whether this machine and all its files are deleted afterwards. */
const KEEPS_NOTHING = Boolean(process.env.CI);

export const workerCheck: Check = {
  name: "Worker",
  right: "Workers Scripts: Edit",
  async look({ api, account, instance, found }) {
    const path = `/accounts/${account}/workers/scripts/${instance.worker}`;
    const [settings, secrets] = await Promise.all([
      orNull(api.get<{ bindings: Binding[] }>(`${path}/settings`), ...NO_SUCH_WORKER),
      orNull(api.get<{ name: string }[]>(`${path}/secrets`), ...NO_SUCH_WORKER),
    ]);
    found.bindings = settings?.bindings ?? null;
    found.secrets = (secrets ?? []).map(({ name }) => name);
    if (settings === null) return [];
    const at = dashboard(account, `workers/services/view/${instance.worker}/production`);
    const bound = new Set(settings.bindings.map(({ name }) => name));
    // Workers Builds creates the Worker before the first deployment, and builds only this Worker.
    // A secret that was set before the first deployment creates a Worker with only this secret.
    const empty = bound.size === 1 && bound.has(SECRET);
    if (!IN_WORKERS_BUILDS && !empty && !OURS.every((name) => bound.has(name)))
      return [
        `A Worker ${instance.worker} is there that is not Edgepixel (${at}): give this one another name in wrangler.toml.`,
      ];
    if (instance.bucket === null && bound.has("ARCHIVE"))
      return [
        `The Worker ${instance.worker} has an archive, whose files an erasure must be able to reach: leave --without-archive out.`,
      ];
    const databases = new Set(instance.databases.map(({ binding }) => binding));
    const left = settings.bindings.find(({ type, name }) => type === "d1" && !databases.has(name));
    if (left)
      return [
        `The Worker ${instance.worker} has the database ${left.name}, whose projects it would lose: leave its [[d1_databases]] in wrangler.toml.`,
      ];
    return [];
  },
};

/** The file that keeps the token for the person who deployed; in the form of `.dev.vars`. */
const tokenFile = (work: Pick<Work, "instance">) => fileOf(work, "admin-token");

const cannotKeep = (worker: string): string =>
  `it has none, and one that is made here would be lost with this machine: set it with \`npm run wrangler -- secret put ${SECRET} --name ${worker}\`, or in Cloudflare's dashboard at the Worker's settings`;

export const tokenStep: Step = {
  name: "ADMIN_TOKEN",
  would: ({ instance }) =>
    `make one where the Worker has none, and keep it in .edgepixel/${instance.environment}.admin-token`,
  async run(work) {
    if (work.found.secrets.includes(SECRET)) return "the Worker has one, which stays";
    if (KEEPS_NOTHING) return cannotKeep(work.instance.worker);
    const file = tokenFile(work);
    // A deployment that broke off may have made it already.
    if (existsSync(file)) return `goes up with the code, as it is in ${file}`;
    writeFileSync(file, `${SECRET}=${randomBytes(24).toString("base64url")}\n`, { mode: 0o600, flag: "wx" });
    return `made, readable by you alone: ${file}`;
  },
};

type Uploaded = { type: string; targets?: string[]; version_id?: string };

export const uploadStep: Step = {
  name: "code, schedule and consumers",
  would: ({ instance }) => `wrangler deploy, as ${instance.worker}`,
  async run(work) {
    const { found, instance } = work;
    const scratch = mkdtempSync(join(tmpdir(), "edgepixel-deploy-"));
    const written = join(scratch, "output.ndjson");
    const secrets = found.secrets.includes(SECRET) || KEEPS_NOTHING ? [] : ["--secrets-file", tokenFile(work)];
    try {
      await wrangler(["deploy", "--config", writeConfiguration(work), ...secrets], {
        WRANGLER_OUTPUT_FILE_PATH: written,
      });
      const lines = readFileSync(written, "utf8").trim().split("\n");
      const uploaded = lines.map((line) => JSON.parse(line) as Uploaded).find(({ type }) => type === "deploy");
      const host = uploaded?.targets?.find((target) => target.endsWith(".workers.dev"));
      if (host) work.url = new URL(host.includes("://") ? host : `https://${host}`).origin;
      return `${instance.worker}, version ${uploaded?.version_id ?? "unknown"}, plan ${planOf(work)}`;
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  },
};

/** The key that was made here for the Worker; the Worker may have another one by now. */
export function madeToken(work: Pick<Work, "instance">): string | undefined {
  const file = tokenFile(work);
  return existsSync(file) ? readFileSync(file, "utf8").trim().replace(`${SECRET}=`, "") : undefined;
}

export const signIn = (work: Work): string => {
  const file = tokenFile(work);
  return existsSync(file)
    ? `Sign in with the ${SECRET} in ${file}`
    : `Sign in with the ${SECRET} that was set elsewhere`;
};
