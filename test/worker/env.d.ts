declare namespace Cloudflare {
  interface Env {
    MIGRATIONS: import("@cloudflare/vitest-pool-workers").D1Migration[];
    /** How many random histories a property test goes through; empty for as many as usual. */
    HISTORIES: string;
  }
}
