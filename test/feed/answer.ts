/** What the server of rates is told to answer. */
export type FeedAnswer = {
  status?: number;
  body: string;
  /** After half of the body the connection is cut, or nothing more comes. */
  fault?: "cut" | "hang";
};

declare module "vitest" {
  interface ProvidedContext {
    /** The server's address, without a slash at its end. */
    feed: string;
  }
}
