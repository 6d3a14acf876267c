/** Addresses of the internet: what is kept of one, and what counts as one sender. */

const V4 = /^(?:::ffff:)?(\d{1,3}\.\d{1,3}\.\d{1,3})\.(\d{1,3})$/i;
const LOOPBACK = /^(?:127\.|::1$|::ffff:127\.)/i;

export const isLoopback = (ip: string): boolean => LOOPBACK.test(ip);

/** An IPv4 address without its last 8 bits, an IPv6 address without its last 80. */
export function truncateIp(ip: string | null): string | null {
  const [, network] = V4.exec(ip ?? "") ?? [];
  return network ? `${network}.0` : prefixOf(ip, 3);
}

/** An IPv4 address, or the /64 of an IPv6 address: a provider gives that much to one customer. */
export function networkOf(ip: string | null): string | null {
  const [, network, host] = V4.exec(ip ?? "") ?? [];
  return network ? `${network}.${host}` : prefixOf(ip, 4);
}

/** The first groups of 16 bits of an IPv6 address. */
function prefixOf(ip: string | null, count: number): string | null {
  if (!ip?.includes(":") || !URL.canParse(`http://[${ip}]`)) return null;
  const [head = "", tail] = new URL(`http://[${ip}]`).hostname.slice(1, -1).split("::");
  const front = head ? head.split(":") : [];
  const back = tail ? tail.split(":") : [];
  const groups = [...front, ...Array(Math.max(0, 8 - front.length - back.length)).fill("0"), ...back];
  return `${groups.slice(0, count).join(":")}::`;
}
