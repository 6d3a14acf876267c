declare namespace Cloudflare {
  interface Env {
    MIGRATIONS: import("@cloudflare/vitest-pool-workers").D1Migration[];
    /** How many random histories the figures are compared over; empty for a few. */
    FIGURES_HISTORIES: string;
  }
}
