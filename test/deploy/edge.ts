/** The edge: runs the newest version of a Worker as it was uploaded, in workerd, on its database as it was migrated. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer as createProxy } from "node:http";
import { createServer, type Server } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { dirname, join } from "node:path";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import type { Account, Binding, Script, Version } from "./account.ts";

type Running = { version: string; miniflare: Miniflare };

/** Statements that one batch replays. */
const A_BATCH = 50;

export class Edge {
  readonly #account: Account;
  readonly #folder: string;
  readonly #running = new Map<string, Promise<Running>>();
  #servers: { close(): unknown; closeAllConnections(): void }[] = [];
  environment: Record<string, string> = {};

  private constructor(account: Account, folder: string) {
    this.#account = account;
    this.#folder = folder;
  }

  static async start(account: Account, folder: string): Promise<Edge> {
    const edge = new Edge(account, folder);
    const [key, cert] = ["key.pem", "cert.pem"].map((name) => join(folder, name)) as [string, string];
    const names = "subjectAltName=DNS:*.owner.workers.dev,DNS:*.example.com";
    const made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    const files = ["-keyout", key, "-out", cert, "-subj", "/CN=edge", "-addext", names];
    execFileSync("openssl", [...made, ...files], { stdio: "ignore" });
    const web = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
      edge
        .#serve(request.headers.host ?? "", request.url ?? "/")
        .then(async (answer) => {
          response.writeHead(answer.status, [...answer.headers].flat()).end(Buffer.from(await answer.arrayBuffer()));
        })
        .catch((error: unknown) => response.writeHead(599).end(String(error)));
    });
    const proxy = createProxy().on("connect", (_, client) => {
      const { port } = (web as Server).address() as AddressInfo;
      const through = connect(port, "127.0.0.1", () => {
        client.write("HTTP/1.1 200 Connection established\r\n\r\n");
        through.pipe(client).pipe(through);
      });
      for (const end of [client, through]) end.on("error", () => through.destroy());
    });
    for (const server of [web, proxy]) await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    edge.#servers = [web, proxy];
    edge.environment = {
      NODE_USE_ENV_PROXY: "1",
      HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
      NO_PROXY: "127.0.0.1",
      NODE_EXTRA_CA_CERTS: cert,
    };
    return edge;
  }

  async stop(): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections();
      server.close();
    }
    for (const running of this.#running.values()) await (await running).miniflare.dispose();
  }

  async #serve(host: string, path: string) {
    const script = this.#scriptAt(host);
    if (!script) return new Response("There is nothing here yet", { status: 404 });
    const { miniflare } = await this.#run(script);
    return miniflare.dispatchFetch(`https://${host}${path}`);
  }

  #scriptAt(host: string): Script | undefined {
    const { subdomain, domains, scripts } = this.#account;
    const name = domains.get(host) ?? host.replace(`.${subdomain}.workers.dev`, "");
    const script = scripts.get(name);
    return script && (domains.has(host) || script.workersDev) ? script : undefined;
  }

  async #run(script: Script): Promise<Running> {
    const version = script.versions[0] as Version;
    const before = await this.#running.get(script.name);
    if (before?.version === version.id) return before;
    await before?.miniflare.dispose();
    const started = this.#start(script, version);
    this.#running.set(script.name, started);
    return started;
  }

  async #start(script: Script, version: Version): Promise<Running> {
    const { metadata } = version;
    const of = (type: string) => script.bindings.filter((binding) => binding.type === type);
    const named = (bindings: Binding[], value: string) =>
      Object.fromEntries(bindings.map((binding) => [binding.name, binding[value] as string]));
    const [main = "", ...others] = [
      metadata.main_module,
      ...[...version.modules.keys()].filter((name) => name !== metadata.main_module),
    ];
    const miniflare = new Miniflare(
      convertV4MiniflareOptions({
        modules: [main, ...others].map((path) => ({
          type: "ESModule" as const,
          path,
          contents: version.modules.get(path) ?? "",
        })),
        compatibilityDate: metadata.compatibility_date,
        handleStructuredLogs: () => undefined,
        d1Databases: named(of("d1"), "id"),
        r2Buckets: named(of("r2_bucket"), "bucket_name"),
        queueProducers: named(of("queue"), "queue_name"),
        durableObjects: Object.fromEntries(
          of("durable_object_namespace").map(({ name, class_name }) => [
            name,
            { className: class_name as string, useSQLite: true },
          ]),
        ),
        ratelimits: Object.fromEntries(
          of("ratelimit").map(({ name, namespace_id, simple }) => [name, { namespace_id, simple }]),
        ) as never,
        bindings: { ...named(of("plain_text"), "text"), ...named(of("secret_text"), "text") },
        versionMetadata: of("version_metadata")[0]?.name as string,
        assets: {
          directory: this.#filesOf(version),
          binding: of("assets")[0]?.name as string,
          routerConfig: { has_user_worker: true, static_routing: { user_worker: ["/*"] } },
        },
      }),
    );
    await miniflare.ready;
    const [database] = of("d1");
    const bound = await miniflare.getD1Database(database?.name as string);
    const { changes } = this.#account.database(database?.id as string);
    const statements = changes.map(({ sql, params }) => bound.prepare(sql).bind(...params));
    for (let at = 0; at < statements.length; at += A_BATCH) await bound.batch(statements.slice(at, at + A_BATCH));
    return { version: version.id, miniflare };
  }

  /** The static files of a version, as they were uploaded. */
  #filesOf({ assets }: Version): string {
    const folder = mkdtempSync(join(this.#folder, "assets-"));
    for (const [path, hash] of assets) {
      const file = join(folder, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, Buffer.from(this.#account.files.get(hash) ?? "", "base64"));
    }
    return folder;
  }
}
