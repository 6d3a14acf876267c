/** Names of parameters that hold signatures, keys and passwords: what is kept of a request lacks their values. */
export const SECRET_NAME =
  /^(?:sig|signature|hash|(?:x[-_])?(?:api|access|auth|secret|private|pixel)?[-_]?(?:key|token|secret)|authorization|pass(?:word|wd)?)$/i;
