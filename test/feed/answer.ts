/** The answers that a test can set in the server of exchange rates. */
export type FeedAnswer = {
  status?: number;
  body: string;
  /** After half of the body the connection is cut, or nothing more is sent. */
  fault?: "cut" | "hang";
};

declare module "vitest" {
  interface ProvidedContext {
    /** The server's address, without a trailing slash. */
    feed: string;
  }
}
