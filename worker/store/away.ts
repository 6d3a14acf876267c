/**
 * Whether a call failed because of the database and not because of the statement: the same call may succeed soon. D1 gives
 * both as `D1_ERROR: <text>`, and adds SQLite's code where SQLite refused the statement
 * (https://developers.cloudflare.com/d1/observability/debug-d1/).
 */
const REFUSED_BY_SQLITE = /\bSQLITE_[A-Z]+/;

export function isDatabaseAway(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (/\bD1_(?:EXEC_)?ERROR\b/.test(cause.message)) return !REFUSED_BY_SQLITE.test(cause.message);
  }
  return false;
}
