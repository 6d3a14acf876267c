/** UUIDv7: ids in the order of time are cheaper for the server to store. */
export const newId = (at: number): string =>
  `${at.toString(16).padStart(12, "0")}7xxxaxxxxxxxxxxxxxxx`
    // A page without HTTPS has no `crypto.randomUUID`.
    .replace(/x/g, () => ((crypto.getRandomValues(new Uint8Array(1))[0] as number) & 15).toString(16))
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
