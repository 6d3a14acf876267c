/**
 * The lines of a file of any size, unpacked where it is gzip, and converted to UTF-8. Only one line and one chunk are kept in
 * memory.
 */
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { pipeline, type Readable, Transform } from "node:stream";
import { createGunzip } from "node:zlib";
import { LINE_BYTES, type Line } from "./entry.ts";

const LF = 0x0a;
const CR = 0x0d;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
const GZIP = Buffer.from([0x1f, 0x8b]);

/** The first bytes of a file: they identify it in a later run, and show whether it is gzip. */
export async function beginningOf(path: string, bytes: number): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Encodings by the first bytes of a file: a byte order mark, or ASCII characters that alternate with zero bytes. */
const MARKS: [RegExp, string][] = [
  [/^\xFF\xFE/, "utf-16le"],
  [/^\xFE\xFF/, "utf-16be"],
  [/^(?:[\t\n\r -~]\0){2}/, "utf-16le"],
  [/^(?:\0[\t\n\r -~]){2}/, "utf-16be"],
];

/** Converts an encoding, by its WHATWG name, to UTF-8. Undefined: the encoding that the first bytes show, if they do. */
function toUtf8(named: string | undefined): Transform {
  let decoder: TextDecoder | null | undefined;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      if (decoder === undefined) {
        const encoding = named ?? MARKS.find(([mark]) => mark.test(chunk.toString("latin1", 0, 4)))?.[1];
        decoder = encoding === undefined ? null : new TextDecoder(encoding);
      }
      done(null, decoder ? Buffer.from(decoder.decode(chunk, { stream: true })) : chunk);
    },
    flush(done) {
      done(null, decoder ? Buffer.from(decoder.decode()) : undefined);
    },
  });
}

export function isEncoding(name: string): boolean {
  try {
    return new TextDecoder(name) !== null;
  } catch {
    return false;
  }
}

type LinesOptions = { encoding?: string | undefined; onRead?: (bytes: number) => void };

/** `onRead` is called with how many bytes of the (packed) file were read. A line that is too long ends after `LINE_BYTES`. */
export async function* linesOf(path: string, { encoding, onRead }: LinesOptions = {}): AsyncGenerator<Line> {
  const packed = (await beginningOf(path, 2)).equals(GZIP);
  const file = createReadStream(path, { highWaterMark: 256 * 1024 });
  file.on("data", (chunk) => onRead?.(chunk.length));
  const steps = [file, ...(packed ? [createGunzip()] : []), toUtf8(encoding)];
  const source: Readable = pipeline(steps, () => {}) as unknown as Readable;
  let parts: Buffer[] = [];
  let held = 0;
  let line = 0;
  let end = 0;
  const take = (): Line => {
    let bytes = Buffer.concat(parts);
    if (line === 0 && bytes.subarray(0, 3).equals(BOM)) bytes = bytes.subarray(3);
    if (bytes.at(-1) === CR) bytes = bytes.subarray(0, -1);
    parts = [];
    held = 0;
    return { line: ++line, end, bytes };
  };
  const hold = (bytes: Buffer) => {
    const kept = bytes.subarray(0, Math.max(0, LINE_BYTES + 1 - held));
    if (kept.length > 0) parts.push(kept);
    held += bytes.length;
    end += bytes.length;
  };
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      let from = 0;
      for (let at = chunk.indexOf(LF); at !== -1; at = chunk.indexOf(LF, from)) {
        hold(chunk.subarray(from, at));
        end++;
        yield take();
        from = at + 1;
      }
      hold(chunk.subarray(from));
    }
    if (held > 0) yield take();
  } finally {
    file.destroy();
    source.destroy();
  }
}
