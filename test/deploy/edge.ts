/** The edge: runs the newest version of a Worker as it was uploaded, in workerd, on its databases as they were migrated. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer as createProxy, type IncomingMessage, request } from "node:http";
import { createServer } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import type { Account, Binding, Script, Version } from "./account.ts";

/** `url` is where workerd listens. */
type Running = { version: string; miniflare: Miniflare; url: URL };

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
    const web = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (asked, response) => {
      edge
        .#pass(asked)
        .then((passed) => {
          if (!passed) return void response.writeHead(404).end("There is nothing here yet");
          passed.once("response", (answer) => {
            response.writeHead(answer.statusCode ?? 599, answer.headers);
            answer.pipe(response);
          });
          passed.once("error", (error) => response.writeHead(599).end(String(error)));
          asked.pipe(passed);
        })
        .catch((error: unknown) => response.writeHead(599).end(String(error)));
    });
    web.on("upgrade", (asked, socket: Socket) => {
      edge
        .#pass(asked)
        .then((passed) => {
          passed?.once("upgrade", (answer, through, first: Buffer) => {
            const headers = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}\r\n`);
            socket.write(`HTTP/1.1 101 Switching Protocols\r\n${headers.join("")}\r\n`);
            // The first bytes of the stream, which arrived with the answer.
            socket.write(first);
            through.pipe(socket).pipe(through);
            for (const end of [through, socket]) end.on("error", () => end.destroy());
          });
          passed?.once("response", () => socket.destroy()).once("error", () => socket.destroy());
          passed?.end();
        })
        .catch(() => socket.destroy());
    });
    const proxy = createProxy().on("connect", (_, client) => {
      const { port } = web.address() as AddressInfo;
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

  /** A request to workerd with the original headers, still without its body; null if nothing is deployed at that host. */
  async #pass({ method, url: path = "/", headers }: IncomingMessage) {
    const host = headers.host ?? "";
    const script = this.#scriptAt(host);
    if (!script) return null;
    const { url } = await this.#run(script);
    return request({
      hostname: url.hostname,
      port: url.port,
      method,
      path,
      // Miniflare gives the Worker the client address from this header.
      headers: { ...headers, "mf-original-url": `https://${host}${path}` },
    });
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
        queueConsumers: this.#consumersOf(script),
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
    const url = await miniflare.ready;
    for (const { name, id } of of("d1")) {
      const bound = await miniflare.getD1Database(name);
      const { changes } = this.#account.database(id as string);
      const statements = changes.map(({ sql, params }) => bound.prepare(sql).bind(...params));
      for (let at = 0; at < statements.length; at += A_BATCH) await bound.batch(statements.slice(at, at + A_BATCH));
    }
    return { version: version.id, miniflare, url };
  }

  #consumersOf({ name }: Script) {
    const consumed = this.#account.queues.filter(({ consumers }) => consumers.some(({ script }) => script === name));
    return Object.fromEntries(consumed.map(({ queue_name }) => [queue_name, { maxBatchTimeout: 1 }]));
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
