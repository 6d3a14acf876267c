/** Text with a button that copies it; it may have several lines. */
import { useRef, useState } from "preact/hooks";
import { words } from "../words.ts";

type Offered = {
  text: string;
  label?: string;
  /** What it is, for who listens, where there are several. */
  what?: string;
};

export function Copied({ text, label = words.act.copy, what }: Offered) {
  const [state, setState] = useState<string | null>(null);
  const code = useRef<HTMLElement>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setState(words.act.copied);
    } catch {
      // Without https there is no clipboard to write to: the rest is one's own to do.
      if (code.current) getSelection()?.selectAllChildren(code.current);
      setState(words.act.selected);
    }
  };
  return (
    <div class={text.includes("\n") ? "snippet lines" : "snippet"}>
      <code ref={code} tabIndex={text.includes("\n") ? 0 : undefined}>
        {text}
      </code>
      <button type="button" class="button" onClick={copy}>
        <span aria-live="polite">{state ?? label}</span>
        {what && <span class="hidden"> {what}</span>}
      </button>
    </div>
  );
}
