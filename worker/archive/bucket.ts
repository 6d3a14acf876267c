/** Files of events in the bucket. A file is put once, under a key of its writer's own, and never overwritten. */
import { type ArchiveFile, TurnLost } from "./files.ts";
import { decode, encode, type Row, type Wanted } from "./parquet.ts";

/** R2 deletes as many at once. */
const AT_ONCE = 1_000;

export const hex = (digest: ArrayBuffer): string =>
  [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

const PARQUET = { httpMetadata: { contentType: "application/vnd.apache.parquet" } };

/** Puts a file of events where nothing is, and gives its SHA-256 in hex. */
export async function putFile(bucket: R2Bucket, key: string, bytes: Uint8Array): Promise<string> {
  const sha256 = await crypto.subtle.digest("SHA-256", bytes);
  const put = await bucket.put(key, bytes, { sha256, ...PARQUET, onlyIf: { etagDoesNotMatch: "*" } });
  if (put === null) {
    // The answer to a put that succeeded may have been lost on its way.
    const there = (await bucket.head(key))?.checksums.sha256;
    if (!there || hex(there) !== hex(sha256)) throw new TurnLost(`${key} was given up, and is fenced.`);
  }
  return hex(sha256);
}

/**
 * Puts a file without events under the key of one that was given up, whatever is there: it can never be live, and with
 * its key taken its writer cannot put it any more.
 */
export async function putFence(bucket: R2Bucket, key: string): Promise<void> {
  await bucket.put(key, encode([]), PARQUET);
}

export async function deleteFiles(bucket: R2Bucket, keys: readonly string[]): Promise<void> {
  for (let from = 0; from < keys.length; from += AT_ONCE) await bucket.delete(keys.slice(from, from + AT_ONCE));
}

const TRIES = 10;

/**
 * Puts an object that is a copy of what D1 holds. `read` makes it, after the object that is there was looked at; null is to
 * leave that. Of two at a time, the one that has read the older state finds the object changed under it, and reads again.
 */
export async function putCopy(
  bucket: R2Bucket,
  key: string,
  read: (there: R2Object | null) => Promise<{ text: string; customMetadata?: Record<string, string> } | null>,
): Promise<void> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const there = await bucket.head(key);
    const copy = await read(there);
    if (copy === null) return;
    const put = await bucket.put(key, copy.text, {
      httpMetadata: { contentType: "application/json" },
      ...(copy.customMetadata && { customMetadata: copy.customMetadata }),
      onlyIf: there ? { etagMatches: there.etag } : { etagDoesNotMatch: "*" },
    });
    if (put !== null) return;
  }
  throw new Error(`${key} changes faster than it can be written.`);
}

/** A file that is not as it was written, or not there at all: trying again does not help. */
export class DamagedFile extends Error {}
export class MissingFile extends DamagedFile {}

/** A file's bytes, once it is sure that they are as they were written. */
export async function bytesOf(
  bucket: R2Bucket,
  { key, sha256 }: Pick<ArchiveFile, "key" | "sha256">,
): Promise<ArrayBuffer> {
  const object = await bucket.get(key);
  if (object === null) throw new MissingFile(`${key} is not in the bucket.`);
  const bytes = await object.arrayBuffer();
  if (hex(await crypto.subtle.digest("SHA-256", bytes)) !== sha256)
    throw new DamagedFile(`${key} is not as it was written.`);
  return bytes;
}

/** The rows of a file, or those of them that are wanted. */
export async function* readFile(
  bucket: R2Bucket,
  file: Pick<ArchiveFile, "key" | "sha256">,
  wanted?: Wanted,
): AsyncGenerator<Row[]> {
  yield* decode(await bytesOf(bucket, file), { ...(wanted && { wanted }) });
}
