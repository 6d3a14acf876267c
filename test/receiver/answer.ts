/** The answers that a test can set in the receiver of postbacks, and its record of requests. */
export type ReceiverAnswer = {
  status?: number;
  body?: string;
  headers?: Record<string, string>;
  /** It never answers; closes the connection without an answer, or in the middle of the body; sends endless binary data. */
  fault?: "hang" | "reset" | "cut" | "garbage";
  /** The delay of its answer in milliseconds. */
  late?: number;
};
export type Received = { method: string; url: string; headers: Record<string, string>; body: string };

declare module "vitest" {
  interface ProvidedContext {
    /** The receiver's address, without a trailing slash. */
    receiver: string;
  }
}
