/**
 * A server for the tests of the Worker, which fetches its exchange rates from it over loopback. A test PUTs the answer
 * of an address there before; by default it is a valid feed of that day.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestProject } from "vitest/node";
import type { FeedAnswer } from "./answer.ts";

const good = (): FeedAnswer => ({
  body: `<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01"><Cube>
<Cube time='${new Date().toISOString().slice(0, 10)}'><Cube currency='USD' rate='1.0825'/></Cube>
</Cube></gesmes:Envelope>`,
});

export default async function serveFeed({ provide }: TestProject) {
  const answers = new Map<string, FeedAnswer>();
  const server = createServer(async (request, response) => {
    const path = request.url ?? "";
    if (request.method === "PUT") {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part);
      answers.set(path, JSON.parse(Buffer.concat(parts).toString()));
      response.writeHead(204).end();
      return;
    }
    const { status = 200, body, fault } = answers.get(path) ?? good();
    const bytes = Buffer.from(body);
    response.writeHead(status, { "content-type": "text/xml", "content-length": bytes.length });
    if (!fault) response.end(bytes);
    else response.write(bytes.subarray(0, bytes.length / 2), () => fault === "cut" && response.destroy());
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  provide("feed", `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return () => {
    server.closeAllConnections();
    server.close();
  };
}
