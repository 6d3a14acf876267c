/** What one line of a file is; of a CSV file one record, which may have several lines. */
import type { FieldError } from "../../worker/event.ts";
import type { Warning } from "./time.ts";

/** No event is that long; what is, is not held in full. */
export const LINE_BYTES = 1024 * 1024;

export type Line = {
  /** From 1. */
  line: number;
  /** Where it ends, its line break included: bytes of the unpacked file, in UTF-8. */
  end: number;
  bytes: Buffer;
};

export type Found =
  /**
   * `content` is what it is known by where it has no `event_id`: the same for the same hit, however it is mapped. A hit of a
   * log says things as a pixel does; a record of another program's export in that program's way.
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

/** Of a line that holds nothing to read, in any format. */
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

/** What is shown of a line, whatever its bytes are. */
export const shown = (bytes: Buffer): string => utf8(bytes) ?? bytes.toString("latin1");

export const NOT_UTF8 =
  "is not UTF-8; name the encoding, such as --encoding windows-1252 (Western), windows-1251 (Cyrillic) or shift_jis";
