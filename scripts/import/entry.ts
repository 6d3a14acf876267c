/** An entry of a file: a line, or in CSV a record, which may have several lines. */
import type { FieldError } from "../../worker/event.ts";
import type { Warning } from "./time.ts";

/** No event is longer; a longer line is not kept in full. */
export const LINE_BYTES = 1024 * 1024;

export type Line = {
  /** From 1. */
  line: number;
  /** The place after it and its line break, in bytes of the unpacked file in UTF-8. */
  end: number;
  bytes: Buffer;
};

export type Found =
  /**
   * `content` identifies an entry without an `event_id`: it is the same for the same hit under any mapping. A hit from a log has
   * its values in the form of a pixel; a record of an export has them in the form of the program that wrote it.
   */
  | {
      kind: "event";
      from: "log" | "export";
      pairs: [string, unknown][];
      content: string;
      warning?: Warning | undefined;
    }
  | { kind: "refused"; errors: FieldError[] }
  | { kind: "skipped"; reason: string };

export type Entry = Omit<Line, "bytes"> & { raw: string; found: Found };

export const refused = (message: string, field = "line"): Found => ({
  kind: "refused",
  errors: [{ field, code: "invalid", message }],
});

/** The result for a line that cannot be read in any format, such as an empty one; null for other lines. */
export function nothingIn(bytes: Buffer): Found | null {
  if (bytes.length > LINE_BYTES) return refused("is longer than 1 MB");
  return bytes.length < 256 && bytes.toString("latin1").trim() === "" ? { kind: "skipped", reason: "blank" } : null;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Null where it is not UTF-8. */
export function utf8(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

/** A line as it is shown: in UTF-8, or else in Latin-1. */
export const shown = (bytes: Buffer): string => utf8(bytes) ?? bytes.toString("latin1");

export const NOT_UTF8 =
  "is not UTF-8; name the encoding, such as --encoding windows-1252 (Western), windows-1251 (Cyrillic) or shift_jis";
