/** Files of events in the bucket. Nothing that another log put there is ever overwritten. */
import type { ArchiveFile } from "./files.ts";
import { decode, type Row, type Wanted } from "./parquet.ts";

/** R2 deletes as many at once. */
const AT_ONCE = 1_000;

export const hex = (digest: ArrayBuffer): string =>
  [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/**
 * Puts a file of events, once, and gives its SHA-256 in hex. `again` is whether an earlier try may have left something
 * under this key: only that is replaced.
 */
export async function putFile(bucket: R2Bucket, key: string, bytes: Uint8Array, again: boolean): Promise<string> {
  const sha256 = await crypto.subtle.digest("SHA-256", bytes);
  const put = await bucket.put(key, bytes, {
    sha256,
    httpMetadata: { contentType: "application/vnd.apache.parquet" },
    ...(!again && { onlyIf: { etagDoesNotMatch: "*" } }),
  });
  if (put === null) {
    const there = (await bucket.head(key))?.checksums.sha256;
    if (!there || hex(there) !== hex(sha256)) {
      throw new Error(`${key} is in the bucket already, with other events: it is the archive of another log.`);
    }
  }
  return hex(sha256);
}

export async function deleteFiles(bucket: R2Bucket, keys: readonly string[]): Promise<void> {
  for (let from = 0; from < keys.length; from += AT_ONCE) await bucket.delete(keys.slice(from, from + AT_ONCE));
}

/** A file's bytes, once it is sure that they are as they were written. */
export async function bytesOf(
  bucket: R2Bucket,
  { key, sha256 }: Pick<ArchiveFile, "key" | "sha256">,
): Promise<ArrayBuffer> {
  const object = await bucket.get(key);
  if (object === null) throw new Error(`${key} is not in the bucket.`);
  const bytes = await object.arrayBuffer();
  if (hex(await crypto.subtle.digest("SHA-256", bytes)) !== sha256) throw new Error(`${key} is not as it was written.`);
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
