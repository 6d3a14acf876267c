/** Text that is there to be taken elsewhere, by one press. */
import { useRef, useState } from "preact/hooks";

export function Copied({ text, label = "Copy" }: { text: string; label?: string }) {
  const [state, setState] = useState<string | null>(null);
  const code = useRef<HTMLElement>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setState("Copied");
    } catch {
      // Without https there is no clipboard to write to: the rest is one's own to do.
      if (code.current) getSelection()?.selectAllChildren(code.current);
      setState("Selected");
    }
  };
  return (
    <div class="snippet">
      <code ref={code}>{text}</code>
      <button type="button" class="button" onClick={copy}>
        <span aria-live="polite">{state ?? label}</span>
      </button>
    </div>
  );
}
