/** The live figures for screen readers: in a sentence, and not too often. */
import { useEffect, useRef, useState } from "preact/hooks";
import { exact, titled } from "../format.ts";
import { words } from "../words.ts";
import type { Counts } from "./state.ts";

const EVERY_MS = 30_000;

export function Spoken({ counts }: { counts: Counts | null }) {
  const [sentence, say] = useState("");
  const latest = useRef(counts);
  latest.current = counts;
  useEffect(() => {
    const timer = setInterval(() => {
      const { by_type = {}, total = 0 } = latest.current?.windows["5m"] ?? {};
      const parts = Object.entries(by_type).map(([type, count]) => `${titled(type)}: ${exact(count)}`);
      say(total === 0 ? "" : words.live.inTheLast5Minutes(parts.join(", ")));
    }, EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <p class="hidden" aria-live="polite">
      {sentence}
    </p>
  );
}
