/** Files of events in the bucket. Each is put once, under a key that only its writer uses, and never overwritten. */
import { type ArchiveFile, TurnLost } from "./files.ts";
import { decode, encode, type Row, type Wanted } from "./parquet.ts";

/** The most objects that R2 deletes in one call. */
const AT_ONCE = 1_000;

export const hex = (digest: ArrayBuffer): string =>
  [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

const PARQUET = { httpMetadata: { contentType: "application/vnd.apache.parquet" } };

/** Puts a file of events under a key that must be free, and returns its SHA-256 in hex. */
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
 * Puts a file without events under the key of a file that was given up, even if that exists: such a file can never become
 * live, and once its key is used, its writer cannot put it any more.
 */
export async function putFence(bucket: R2Bucket, key: string): Promise<void> {
  await bucket.put(key, encode([]), PARQUET);
}

export async function deleteFiles(bucket: R2Bucket, keys: readonly string[]): Promise<void> {
  for (let from = 0; from < keys.length; from += AT_ONCE) await bucket.delete(keys.slice(from, from + AT_ONCE));
}

const TRIES = 10;

/**
 * Puts an object that is a copy of rows of D1. `read` makes it, after the present object was read; null leaves that object.
 * Of two writers at once, the one that has read the older rows finds the object changed, and reads again.
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

/** A file that is missing, or is not as it was written: trying again does not help. */
export class DamagedFile extends Error {}
export class MissingFile extends DamagedFile {}

/** A file's bytes, after the check that they are as they were written. */
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

/** The rows of a file, or only the wanted ones. */
export async function* readFile(
  bucket: R2Bucket,
  file: Pick<ArchiveFile, "key" | "sha256">,
  wanted?: Wanted,
): AsyncGenerator<Row[]> {
  yield* decode(await bytesOf(bucket, file), { ...(wanted && { wanted }) });
}
