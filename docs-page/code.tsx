/** A piece of code, to be copied. */
import { useState } from "preact/hooks";

export function Code({ title, text }: { title: string; text: string }) {
  const [buttonText, setButtonText] = useState("Copy");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setButtonText("Copied");
    } catch {
      setButtonText("Not allowed");
    }
    setTimeout(() => setButtonText("Copy"), 2_000);
  };
  return (
    <figure class="code-figure">
      <figcaption>
        <span>{title}</span>
        <button type="button" class="button quiet" onClick={copy}>
          {buttonText}
        </button>
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable without a mouse */}
      <pre class="code" tabIndex={0}>
        {text}
      </pre>
    </figure>
  );
}
