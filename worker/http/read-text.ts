/**
 * The text of a request's body, up to its limit: bytes are counted while they are read, and the rest is cancelled.
 * `Content-Length` may be absent or wrong, so it only serves to refuse earlier.
 */
import { Problem } from "./problem.ts";

/**
 * gzip unpacks a byte to at most 1,032, and the decompressor unpacks all of its input at once: so many bytes at a time
 * become 1 MB at most.
 */
const PIECE_BYTES = 1_024;
/** gzip adds a header, a trailer, and a little for data that cannot be compressed. */
const PACKING_BYTES = 1_024;
const READ_BYTES = 16 * 1_024;

export type BodyRule = {
  /** How many bytes the text may have, unpacked. */
  bytes: number;
  /** Whether it may be packed. */
  gzip: boolean;
};

type Bytes = AsyncGenerator<Uint8Array, void>;

export async function readText(request: Pick<Request, "body" | "headers">, rule: BodyRule): Promise<string> {
  const encoding = request.headers.get("content-encoding")?.trim().toLowerCase() ?? "identity";
  const packed = encoding === "gzip" && rule.gzip;
  try {
    if (encoding !== "identity" && !packed)
      throw new Problem(415, `Content-Encoding may be ${rule.gzip ? "gzip or none" : "none"}.`);
    const most = packed ? rule.bytes + PACKING_BYTES : rule.bytes;
    if (Number(request.headers.get("content-length")) > most) throw tooLarge(rule);
    if (!request.body) return "";
    const sent = counted(bytesOf(request.body), most, rule);
    return await textOf(packed ? counted(unpacked(sent), rule.bytes, rule) : sent);
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(415, packed ? "The body is not what gzip makes of UTF-8." : "The body is not UTF-8.");
  } finally {
    if (request.body && !request.body.locked) await request.body.cancel().catch(() => undefined);
  }
}

const tooLarge = ({ bytes, gzip }: BodyRule): Problem =>
  new Problem(413, `The body may have ${bytes / 1_024} KB${gzip ? ", unpacked" : ""}.`);

async function textOf(bytes: Bytes): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  let text = "";
  for await (const chunk of bytes) text += decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}

/** A reader that stops early cancels the rest. */
async function* bytesOf(body: ReadableStream<Uint8Array>): Bytes {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
    reader.releaseLock();
  }
}

async function* counted(bytes: Bytes, most: number, rule: BodyRule): Bytes {
  let read = 0;
  for await (const chunk of bytes) {
    read += chunk.byteLength;
    if (read > most) throw tooLarge(rule);
    yield chunk;
  }
}

/** Gives the decompressor the next piece only when its output of the last one has been read. */
async function* unpacked(packed: Bytes): Bytes {
  const { readable, writable } = new DecompressionStream("gzip");
  const writer = writable.getWriter();
  const reader = readable.getReader({ mode: "byob" });
  // Both sides reject if it is no gzip; the error is thrown where it is awaited.
  for (const side of [writer, reader]) side.closed.catch(() => undefined);
  let reading: Promise<ReadableStreamReadResult<Uint8Array>> | null = null;
  const read = () => {
    const next = reader.read(new Uint8Array(READ_BYTES));
    next.catch(() => undefined);
    return next;
  };
  try {
    for await (const chunk of packed) {
      for (let from = 0; from < chunk.byteLength; from += PIECE_BYTES) {
        await writer.write(chunk.subarray(from, from + PIECE_BYTES));
        for (let drained = false; !drained; ) {
          reading ??= read();
          const made = await orNothing(reading);
          if (made === null) break;
          reading = null;
          if (made.value) yield made.value;
          // A read that is not filled has read all of it.
          drained = made.done || made.value.byteLength < READ_BYTES;
        }
      }
    }
    const closed = writer.close();
    closed.catch(() => undefined);
    for (;;) {
      const { done, value } = await (reading ?? read());
      reading = null;
      if (done) break;
      yield value;
    }
    await closed;
  } finally {
    await Promise.all([writer.abort().catch(() => undefined), reader.cancel().catch(() => undefined)]);
  }
}

/** A read without data stays open until something is written; existing data comes within one turn of the event loop. */
const orNothing = <Result>(reading: Promise<Result>): Promise<Result | null> =>
  Promise.race([reading, scheduler.wait(0).then(() => null)]);
