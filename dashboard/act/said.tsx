/** A confirmation of what was done: shown for a few seconds at the foot of the page, and read out by screen readers. */
import { useEffect, useState } from "preact/hooks";

const SHOWN_MS = 5_000;
let tell: (text: string) => void = () => undefined;

export const say = (text: string): void => tell(text);

export function Said() {
  const [said, setSaid] = useState<{ text: string; at: number } | null>(null);
  useEffect(() => {
    tell = (text) => setSaid({ text, at: Date.now() });
  }, []);
  useEffect(() => {
    if (!said) return;
    const timer = setTimeout(() => setSaid(null), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [said]);
  return (
    <div class="said" role="status" aria-live="polite">
      {said && <p key={said.at}>{said.text}</p>}
    </div>
  );
}
