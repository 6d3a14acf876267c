/** What the receiver of postbacks is told to answer, and what it says of what came. */
export type ReceiverAnswer = {
  status?: number;
  body?: string;
  headers?: Record<string, string>;
  /** It never answers; ends the connection without an answer, or in the middle of the body; answers with what is no text, without end. */
  fault?: "hang" | "reset" | "cut" | "garbage";
  /** It answers so many milliseconds late. */
  late?: number;
};
export type Received = { method: string; url: string; headers: Record<string, string>; body: string };

declare module "vitest" {
  interface ProvidedContext {
    /** The receiver's address, without a slash at its end. */
    receiver: string;
  }
}
