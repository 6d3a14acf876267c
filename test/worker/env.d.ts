declare namespace Cloudflare {
  interface Env {
    MIGRATIONS: import("@cloudflare/vitest-pool-workers").D1Migration[];
    /** The number of random histories of a property test; empty for the default. */
    HISTORIES: string;
  }
}
