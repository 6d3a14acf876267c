/** How much memory processes and a Worker's isolate take. */
import { readFileSync } from "node:fs";
import type { Miniflare } from "miniflare";

const EACH_MS = 50;

type Usage = { usedSize: number; backingStorageSize: number };

/** Asks the Worker's isolate for its heap, buffers included, again and again: `most` is in bytes, uncollected garbage too. */
export async function watchHeap(miniflare: Miniflare): Promise<{ most(): number; end(): void }> {
  const { host } = await miniflare.getInspectorURL();
  const inspector = new WebSocket(`ws://${host}/core:user:`);
  await new Promise((opened, failed) => {
    inspector.addEventListener("open", opened);
    inspector.addEventListener("error", failed);
  });
  let most = 0;
  inspector.addEventListener("message", ({ data }) => {
    const { result } = JSON.parse(String(data)) as { result?: Partial<Usage> };
    most = Math.max(most, (result?.usedSize ?? 0) + (result?.backingStorageSize ?? 0));
  });
  let id = 0;
  const ask = () => inspector.send(JSON.stringify({ id: ++id, method: "Runtime.getHeapUsage" }));
  const asking = setInterval(ask, EACH_MS);
  return {
    most: () => most,
    end: () => {
      clearInterval(asking);
      inspector.close();
    },
  };
}

/** The most that a running process has held, in bytes, as Linux tells it. */
export function mostHeld(pid: number | undefined): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1_024;
  } catch {
    return 0;
  }
}
