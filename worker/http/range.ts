/** `Range` of a request (RFC 9110): one range of bytes; others are answered as if there were none. */

export type ByteRange = { offset: number; length: number };

export function readRange(header: string | undefined, size: number): ByteRange | "unsatisfiable" | null {
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (first === "" && last === "") return null;
  const offset = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (offset >= size || (first === "" && Number(last) === 0)) return "unsatisfiable";
  return end < offset ? null : { offset, length: end - offset + 1 };
}
