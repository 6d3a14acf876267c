/** The files of a ZIP archive by name, from its central directory, with their lengths and checksums verified. */
import { crc32, inflateRawSync } from "node:zlib";

export function unzipped(archive: Buffer): Map<string, string> {
  const files = new Map<string, string>();
  const end = archive.length - 22;
  if (archive.readUInt32LE(end) !== 0x06054b50) throw new Error("It does not end as an archive does.");
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    if (archive.readUInt32LE(at) !== 0x02014b50) throw new Error(`There is no entry at ${at}.`);
    const [sum, size, length] = [16, 20, 24].map((offset) => archive.readUInt32LE(at + offset)) as [
      number,
      number,
      number,
    ];
    const named = archive.readUInt16LE(at + 28);
    const name = archive.toString("utf8", at + 46, at + 46 + named);
    const local = archive.readUInt32LE(at + 42);
    if (archive.readUInt32LE(local) !== 0x04034b50) throw new Error(`There is no file at ${local}.`);
    const begin = local + 30 + archive.readUInt16LE(local + 26);
    const bytes = inflateRawSync(archive.subarray(begin, begin + size));
    if (bytes.length !== length || crc32(bytes) !== sum) throw new Error(`${name} is not what the archive says.`);
    files.set(name, bytes.toString("utf8"));
    at += 46 + named;
  }
  return files;
}
