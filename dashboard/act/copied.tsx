/** Text with a button that copies it; it may have several lines. */
import { useRef, useState } from "preact/hooks";
import { words } from "../words.ts";

type Offered = {
  text: string;
  label?: string;
  /** A name for screen readers, when the page has several. */
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
      // Browsers give no access to the clipboard without https: then the reader copies by hand.
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
