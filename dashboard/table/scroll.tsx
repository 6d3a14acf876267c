/** The scrolling container of a table. If there is more to the right, its edge fades and shows an arrow. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { words } from "../words.ts";

export function Scroll({ name, children }: { name: string; children: ComponentChildren }) {
  const frame = useRef<HTMLElement>(null);
  const [more, setMore] = useState(false);
  const look = () => {
    const { scrollLeft = 0, clientWidth = 0, scrollWidth = 0 } = frame.current ?? {};
    // A difference of one pixel is due to rounding.
    setMore(scrollLeft + clientWidth < scrollWidth - 1);
  };
  useEffect(() => {
    const { current } = frame;
    const table = current?.firstElementChild;
    if (!current || !table) return;
    const observer = new ResizeObserver(look);
    observer.observe(current);
    observer.observe(table);
    return () => observer.disconnect();
  }, []);
  return (
    <div class={more ? "table-frame more-right" : "table-frame"}>
      <section
        ref={frame}
        class="table-scroll"
        aria-label={words.table.aTableThatScrollsSideways(name)}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        onScroll={look}
      >
        {children}
      </section>
    </div>
  );
}
