declare namespace Cloudflare {
  interface Env {
    DUCKDB: Fetcher;
  }
}
