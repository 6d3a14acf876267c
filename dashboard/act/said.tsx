/** A confirmation of what was done: shown for a few seconds at the foot of the page, and read out by screen readers. */
import { useEffect, useState } from "preact/hooks";

const SHOWN_MS = 5_000;
let tell: (text: string) => void = () => undefined;

export const say = (text: string): void => tell(text);

export function Said() {
  const [confirmation, setConfirmation] = useState<{ text: string; at: number } | null>(null);
  useEffect(() => {
    tell = (text) => setConfirmation({ text, at: Date.now() });
  }, []);
  useEffect(() => {
    if (!confirmation) return;
    const timer = setTimeout(() => setConfirmation(null), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [confirmation]);
  return (
    <div class="said" role="status" aria-live="polite">
      {confirmation && <p key={confirmation.at}>{confirmation.text}</p>}
    </div>
  );
}
