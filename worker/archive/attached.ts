/** Whether this instance has an archive: `npm run deploy -- --without-archive` makes one that has no bucket. */

/** The type of the environment always has the binding, but an instance may not have it. */
export const hasArchive = (env: Pick<Env, "ARCHIVE">): boolean => (env.ARCHIVE as R2Bucket | undefined) !== undefined;

/** The answer to requests for the archive where there is none. */
export const NO_ARCHIVE =
  "This instance has no archive, as it was deployed without a bucket. Deploy it again without --without-archive to add one: docs/deploy.md.";
