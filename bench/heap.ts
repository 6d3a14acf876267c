/** How much memory processes and a Worker's isolate use. */
import { readFileSync } from "node:fs";
import type { Miniflare } from "miniflare";

const EACH_MS = 100;

type Usage = { usedSize: number; backingStorageSize: number };

/** Reads again and again how many bytes of heap and buffers the Worker's isolate uses after garbage collection; `most` is the maximum. */
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
  const ask = () => {
    for (const method of ["HeapProfiler.collectGarbage", "Runtime.getHeapUsage"])
      inspector.send(JSON.stringify({ id: ++id, method }));
  };
  const asking = setInterval(ask, EACH_MS);
  return {
    most: () => most,
    end: () => {
      clearInterval(asking);
      inspector.close();
    },
  };
}

/** The most memory that a running process has had, in bytes, from Linux. */
export function mostHeld(pid: number | undefined): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1_024;
  } catch {
    return 0;
  }
}
