/** A part of a bucket: its keys begin with a prefix that its users do not see. */
export function prefixed(bucket: R2Bucket, prefix: string): R2Bucket {
  const within = (key: string) => `${prefix}${key}`;
  const part: Pick<R2Bucket, "head" | "delete" | "list"> & Record<"get" | "put", unknown> = {
    head: (key) => bucket.head(within(key)),
    get: (key: string, options?: R2GetOptions) => bucket.get(within(key), options),
    put: (key: string, value: string, options?: R2PutOptions) => bucket.put(within(key), value, options),
    delete: (keys) => bucket.delete(typeof keys === "string" ? within(keys) : keys.map(within)),
    async list({ prefix: asked = "", startAfter, ...options } = {}) {
      const found = await bucket.list({
        ...options,
        prefix: within(asked),
        ...(startAfter !== undefined && { startAfter: within(startAfter) }),
      });
      const objects = found.objects.map(({ key, size, etag, uploaded }) => ({
        key: key.slice(prefix.length),
        size,
        etag,
        uploaded,
      }));
      return { ...found, objects, delimitedPrefixes: [] } as unknown as R2Objects;
    },
  };
  return part as R2Bucket;
}
