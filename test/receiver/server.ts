/**
 * Another system, for the tests of postbacks: a server that the Worker sends to over loopback. A test PUTs the
 * answers of a path to `/control<path>`: they are given in turn, the last one for ever. GET there returns the requests to
 * the path.
 */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestProject } from "vitest/node";
import type { Received, ReceiverAnswer } from "./answer.ts";

const CONTROL = "/control";

function answer(response: ServerResponse, { status = 200, body = "ok", headers = {}, fault }: ReceiverAnswer): void {
  if (fault === "hang") return;
  if (fault === "reset") {
    response.destroy();
    return;
  }
  if (fault === "garbage") {
    response.writeHead(status, headers);
    const more = () => {
      while (response.writable && response.write(Buffer.alloc(65_536, 0xff)));
      if (response.writable) response.once("drain", more);
    };
    more();
    return;
  }
  if (fault === "cut") {
    response.writeHead(status, { ...headers, "content-length": 2 * body.length });
    response.write(body, () => response.destroy());
    return;
  }
  response.writeHead(status, headers).end(body);
}

export default async function receive({ provide }: TestProject) {
  const scripts = new Map<string, ReceiverAnswer[]>();
  const received = new Map<string, Received[]>();
  const server = createServer(async (request, response) => {
    const { method = "", url = "", headers } = request;
    response.on("error", () => undefined);
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts).toString();
    const path = new URL(url, "http://receiver").pathname;
    if (path.startsWith(CONTROL)) {
      const name = path.slice(CONTROL.length);
      if (method === "PUT") scripts.set(name, JSON.parse(body));
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(received.get(name) ?? []));
      return;
    }
    received.set(path, [
      ...(received.get(path) ?? []),
      { method, url, headers: headers as Record<string, string>, body },
    ]);
    const script = scripts.get(path) ?? [];
    const next = (script.length > 1 ? script.shift() : script[0]) ?? {};
    setTimeout(() => answer(response, next), next.late ?? 0);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  provide("receiver", `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return () => {
    server.closeAllConnections();
    server.close();
  };
}
