declare namespace Cloudflare {
  interface Env {
    REFERENCE: Fetcher;
  }
}
