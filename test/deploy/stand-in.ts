/**
 * Cloudflare on loopback: its API in front of an account, and its edge, which runs what was uploaded. Names of the edge
 * are reached through a proxy, with a certificate of the test's own.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Account, Refusal } from "./account.ts";
import { answer, type Call } from "./api.ts";
import { Edge } from "./edge.ts";

/**
 * How a call fails: the connection is cut before or after it takes effect, it returns an error, the token lacks a right,
 * or the account has changed since the checks.
 */
type How = "cut before" | "cut behind" | "fails" | "refused" | ((account: Account) => void);
export type Break = { at: (line: string) => boolean; how: How };

export type StandIn = {
  account: Account;
  /** Every call, such as `POST /queues`, without the account. */
  calls: string[];
  unknown: string[];
  break: Break | null;
  /** The environment variables with which a deployment reaches it. */
  environment: Record<string, string>;
  stop(): Promise<void>;
};

async function read(request: IncomingMessage): Promise<Call> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const url = new URL(request.url ?? "/", "http://localhost");
  return {
    method: request.method ?? "GET",
    path: url.pathname.replace("/client/v4", ""),
    query: url.searchParams,
    headers: new Headers(request.headers as Record<string, string>),
    body: Buffer.concat(parts),
  };
}

export async function standIn(folder: string): Promise<StandIn> {
  const account = new Account();
  const edge = await Edge.start(account, folder);
  const made: StandIn = {
    account,
    calls: [],
    unknown: [],
    break: null,
    environment: {},
    async stop() {
      await edge.stop();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = await read(request);
    const line = `${call.method} ${call.path.replace(`/accounts/${account.id}`, "")}`;
    made.calls.push(line);
    const broken = made.break?.at(line) ? made.break.how : null;
    const send = (status: number, body: object) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (broken === "cut before") return void request.socket.destroy();
    try {
      if (broken === "refused") throw new Refusal(403, 10_000, "Authentication error");
      if (broken === "fails") throw new Refusal(500, 10_013, "An unknown error has occurred.");
      if (typeof broken === "function") broken(account);
      const result = await answer(account, call);
      if (broken === "cut behind") return void request.socket.destroy();
      const status = call.path.endsWith("/assets/upload") ? 201 : 200;
      send(status, { success: true, result, errors: [], messages: [], result_info: { total_pages: 1 } });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (error.status === 501) made.unknown.push(line);
      const errors = [{ code: error.code, message: error.message }];
      send(error.status, { success: false, result: null, errors, messages: [] });
    }
  }
  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => response.writeHead(599).end(String(error)));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  made.environment = {
    ...edge.environment,
    CLOUDFLARE_API_BASE_URL: `http://127.0.0.1:${port}/client/v4`,
    CLOUDFLARE_API_TOKEN: account.token,
  };
  return made;
}
