/** Names of parameters with signatures, keys and passwords: their values are removed from stored requests. */
export const SECRET_NAME =
  /^(?:sig|signature|hash|(?:x[-_])?(?:api|access|auth|secret|private|pixel)?[-_]?(?:key|token|secret)|authorization|pass(?:word|wd)?)$/i;
