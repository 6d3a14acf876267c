/** The order in which SQLite sorts text: by code points. JavaScript sorts characters beyond U+FFFF in another place. */
export function compareText(one: string, other: string): number {
  const length = Math.min(one.length, other.length);
  for (let at = 0; at < length; at++) {
    const [left, right] = [one.charCodeAt(at), other.charCodeAt(at)];
    if (left !== right) return place(left) - place(right);
  }
  return one.length - other.length;
}

/** Surrogates, U+D800 to U+DFFF, encode the characters beyond U+FFFF. */
const place = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);
