/** Bodies of any size: no more is read or decompressed than a route can use. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { routes } from "../../worker/app.ts";
import { readText } from "../../worker/http/read-text.ts";
import worker from "../../worker/index.ts";
import { ADMIN } from "./keys.ts";

const KB = 1_024;
const MB = 1_024 * KB;
const CHUNK = 64 * KB;

/** An endless body, which counts the bytes that are read. */
function endless(chunk: Uint8Array = new Uint8Array(CHUNK).fill(0x20)) {
  const seen = { pulled: 0, cancelled: false };
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        seen.pulled += chunk.byteLength;
        // Ends the body at last, or a route that reads all of it would hang the test.
        if (seen.pulled > 50 * MB) controller.error(new Error("read on and on"));
        else controller.enqueue(chunk.slice());
      },
      cancel() {
        seen.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { body, seen };
}

async function ask(method: string, path: string, body: ReadableStream, headers: Record<string, string> = {}) {
  const request = new Request(`https://bodies.example${path}`, { method, body, headers });
  const response = await worker.fetch(request, env, createExecutionContext());
  return { status: response.status, text: await response.text() };
}

const gzip = async (bytes: Uint8Array): Promise<Uint8Array> =>
  new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"))).bytes();

/** The real decompressor, which counts its input. */
function countUnpacking() {
  const given = { packed: 0 };
  const Real = DecompressionStream;
  vi.stubGlobal(
    "DecompressionStream",
    class extends Real {
      override get writable(): WritableStream<BufferSource> {
        const real = super.writable;
        const getWriter = () => {
          const writer = real.getWriter();
          const write = writer.write.bind(writer);
          writer.write = (piece: Uint8Array) => {
            given.packed += piece.byteLength;
            return write(piece);
          };
          return writer;
        };
        return new Proxy(real, { get: (_, name) => (name === "getWriter" ? getWriter : Reflect.get(real, name)) });
      }
    },
  );
  return given;
}
afterEach(() => void vi.unstubAllGlobals());

describe("a body without end", () => {
  it.each<[string, string, number, Record<string, string>]>([
    ["POST", "/api/v1/session", 8, {}],
    ["POST", "/api/v1/share-sessions", 8, {}],
    ["POST", "/api/v1/events", 512, ADMIN],
    ["POST", "/api/v1/import", 512, ADMIN],
    ["POST", "/api/v1/keys", 256, ADMIN],
    ["POST", "/api/v1/projects", 256, ADMIN],
    ["PATCH", "/api/v1/projects/default", 256, ADMIN],
    ["POST", "/api/v1/schemas", 256, ADMIN],
    ["POST", "/api/v1/segments", 256, ADMIN],
    ["POST", "/api/v1/shares", 256, ADMIN],
    ["POST", "/api/v1/dead-letters/replay", 256, ADMIN],
    ["POST", "/api/v1/exchange-rates", 256, ADMIN],
    ["POST", "/api/v1/exchange-rates", 256, { ...ADMIN, "content-type": "text/csv" }],
  ])("%s %s reads %i KB of it, and cancels the rest", async (method, path, limit, headers) => {
    const { body, seen } = endless();
    const { status, text } = await ask(method, path, body, headers);
    expect({ status, detail: JSON.parse(text).detail }).toEqual({
      status: 413,
      detail: expect.stringContaining(`${limit} KB`),
    });
    expect(seen.pulled).toBeLessThanOrEqual(limit * KB + 2 * CHUNK);
    expect(seen.cancelled).toBe(true);
  });

  it.each(routes.filter((route) => /^(?:POST|PUT|PATCH|DELETE) /.test(route)))(
    "%s takes no more of it than the largest limit",
    async (route) => {
      const [method = "", path = ""] = route.split(" ");
      const { body, seen } = endless();
      await ask(method, `/api/v1${path.replaceAll(/:\w+/g, "1")}`, body, ADMIN);
      expect(seen.pulled).toBeLessThanOrEqual(512 * KB + 2 * CHUNK);
    },
  );

  it("is not read at all where its declared length is too large", async () => {
    const { body, seen } = endless();
    const headers = { ...ADMIN, "content-length": String(600 * KB) };
    expect((await ask("POST", "/api/v1/events", body, headers)).status).toBe(413);
    expect(seen).toEqual({ pulled: 0, cancelled: true });
  });

  it("is stopped where it is longer than its declared length", async () => {
    const { body, seen } = endless();
    const headers = new Headers({ "content-length": "10" });
    await expect(readText({ body, headers }, { bytes: 256 * KB, gzip: false })).rejects.toMatchObject({ status: 413 });
    expect(seen.pulled).toBeLessThanOrEqual(256 * KB + 2 * CHUNK);
    expect(seen.cancelled).toBe(true);
  });
});

describe("a compressed body", () => {
  const RULE = { bytes: 512 * KB, gzip: true };
  const PACKED = new Headers({ "content-encoding": "gzip" });
  const once = (bytes: Uint8Array) => new Response(bytes).body;
  const read = (bytes: Uint8Array) => readText({ body: once(bytes), headers: PACKED }, RULE);

  it("is decompressed up to the limit only, however much it holds", async () => {
    const unpackedSize = 200 * MB;
    const zeros = new Uint8Array(MB);
    let left = unpackedSize / MB;
    const many = new ReadableStream<Uint8Array>({
      pull: (controller) => (left-- > 0 ? controller.enqueue(zeros.slice()) : controller.close()),
    });
    const bomb = await new Response(many.pipeThrough(new CompressionStream("gzip"))).bytes();
    expect(bomb.byteLength).toBeGreaterThan(190_000);
    const given = countUnpacking();
    await expect(read(bomb)).rejects.toMatchObject({ status: 413 });
    // The decompressed part: in proportion to the input that the decompressor got.
    const unpacked = (given.packed / bomb.byteLength) * unpackedSize;
    expect(unpacked).toBeGreaterThan(512 * KB);
    expect(unpacked).toBeLessThanOrEqual(512 * KB + 2 * MB);
  });

  it("that decompresses to nothing without end is stopped, too", async () => {
    // A gzip header whose file name does not end.
    const header = Uint8Array.of(0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3);
    const { body, seen } = endless(new Uint8Array(CHUNK).fill(0x61));
    const named = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(header),
      async pull(controller) {
        reader ??= body.getReader();
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: () => reader?.cancel(),
    });
    let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
    await expect(readText({ body: named, headers: PACKED }, RULE)).rejects.toMatchObject({ status: 413 });
    expect(seen.pulled).toBeLessThanOrEqual(512 * KB + 3 * CHUNK);
  });

  it.each([0, 1, 1_023, 1_024, 16 * KB - 1, 16 * KB, 16 * KB + 1, 64 * KB, 512 * KB - 1, 512 * KB])(
    "of %i bytes is decompressed unchanged, whether it compresses well or not",
    async (size) => {
      const random = Array.from({ length: Math.ceil(size / (8 * KB)) }, () =>
        crypto.getRandomValues(new Uint8Array(4 * KB)).toHex(),
      );
      for (const text of ["x".repeat(size), random.join("").slice(0, size), "{ü€😀".repeat(size / 10)]) {
        const packed = await gzip(new TextEncoder().encode(text));
        expect((await read(packed)) === text).toBe(true);
        // Split in any way during transport.
        const rest = [...packed];
        const pieces = new ReadableStream<Uint8Array>({
          pull: (controller) =>
            rest.length > 0 ? controller.enqueue(Uint8Array.from(rest.splice(0, 1_500))) : controller.close(),
        });
        expect((await readText({ body: pieces, headers: PACKED }, RULE)) === text).toBe(true);
      }
    },
  );

  it("of one byte over the limit is too large", async () => {
    const packed = await gzip(new Uint8Array(512 * KB + 1).fill(0x20));
    await expect(read(packed)).rejects.toMatchObject({ status: 413 });
  });

  it("that is cut off, has trailing data, or is not compressed is refused", async () => {
    const packed = await gzip(new TextEncoder().encode("[1,2,3]".repeat(1_000)));
    const more = new Uint8Array(packed.byteLength + 5);
    more.set(packed);
    for (const bytes of [packed.slice(0, -1), packed.slice(0, 20), more, new Uint8Array(50)])
      await expect(read(bytes)).rejects.toMatchObject({ status: 415 });
    const notText = await gzip(Uint8Array.of(0xc3, 0x28));
    await expect(read(notText)).rejects.toMatchObject({ status: 415 });
  });
});
