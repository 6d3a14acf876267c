/** Files as one ZIP archive (PKWARE's APPNOTE 6.3), compressed by the browser. No file and no archive has 4 GB. */

export type Packed = { name: string; text: string };

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xed_b8_83_20 ^ (value >>> 1) : value >>> 1;
  return value;
});
function crc32(bytes: Uint8Array): number {
  let value = 0xff_ff_ff_ff;
  for (const byte of bytes) value = (TABLE[(value ^ byte) & 0xff] as number) ^ (value >>> 8);
  return ~value >>> 0;
}

/** Numbers of two or four bytes, the lowest byte first. */
function bytesOf(...numbers: readonly (readonly [value: number, bytes: 2 | 4])[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(
    numbers.flatMap(([value, bytes]) => Array.from({ length: bytes }, (_, byte) => (value >>> (8 * byte)) & 0xff)),
  );
}

async function deflated(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const LOCAL = 0x04_03_4b_50;
const CENTRAL = 0x02_01_4b_50;
const END = 0x06_05_4b_50;
/** The version needed to extract: 2.0, for deflated files. */
const VERSION = 20;
/** Names are UTF-8. */
const UTF_8 = 0x08_00;
const DEFLATED = 8;

export async function zipOf(files: readonly Packed[], now: Date): Promise<Blob> {
  const encoder = new TextEncoder();
  const time = (now.getHours() << 11) | (now.getMinutes() << 5) | (now.getSeconds() >> 1);
  const date = ((now.getFullYear() - 1980) << 9) | ((now.getMonth() + 1) << 5) | now.getDate();
  const local: Uint8Array<ArrayBuffer>[] = [];
  const central: Uint8Array<ArrayBuffer>[] = [];
  const size = (parts: readonly Uint8Array[]) => parts.reduce((all, { length }) => all + length, 0);
  for (const file of files) {
    const [name, bytes] = [encoder.encode(file.name), encoder.encode(file.text)];
    const data = await deflated(bytes);
    const about = [
      [VERSION, 2],
      [UTF_8, 2],
      [DEFLATED, 2],
      [time, 2],
      [date, 2],
      [crc32(bytes), 4],
      [data.length, 4],
      [bytes.length, 4],
      [name.length, 2],
      [0, 2],
    ] as const;
    const offset = size(local);
    local.push(bytesOf([LOCAL, 4], ...about), name, data);
    central.push(bytesOf([CENTRAL, 4], [VERSION, 2], ...about, [0, 2], [0, 2], [0, 2], [0, 4], [offset, 4]), name);
  }
  const count = files.length;
  const end = bytesOf([END, 4], [0, 2], [0, 2], [count, 2], [count, 2], [size(central), 4], [size(local), 4], [0, 2]);
  return new Blob([...local, ...central, end], { type: "application/zip" });
}
