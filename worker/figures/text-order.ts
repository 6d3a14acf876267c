/** As SQLite sorts text: by code points. JavaScript's own order differs where characters beyond U+FFFF are. */
export function compareText(one: string, other: string): number {
  const length = Math.min(one.length, other.length);
  for (let at = 0; at < length; at++) {
    const [left, right] = [one.charCodeAt(at), other.charCodeAt(at)];
    if (left !== right) return place(left) - place(right);
  }
  return one.length - other.length;
}

/** Surrogates, U+D800 to U+DFFF, encode the characters behind U+FFFF. */
const place = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);
