/** A button that opens a small panel. Escape, a press outside of it, or leaving it by keyboard closes it. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Open } from "./icons.tsx";

type Opening = {
  label: string;
  button: ComponentChildren;
  children: (close: () => void) => ComponentChildren;
};

export function Menu({ label, button, children }: Opening) {
  const [open, setOpen] = useState(false);
  const whole = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const close = () => {
    setOpen(false);
    opener.current?.focus();
  };
  useEffect(() => {
    if (!open) return;
    const closeOutside = ({ target }: Event) => {
      if (!whole.current?.contains(target as Node)) setOpen(false);
    };
    const leave = (event: KeyboardEvent) => event.key === "Escape" && close();
    for (const name of ["pointerdown", "focusin"]) document.addEventListener(name, closeOutside);
    document.addEventListener("keydown", leave);
    return () => {
      for (const name of ["pointerdown", "focusin"]) document.removeEventListener(name, closeOutside);
      document.removeEventListener("keydown", leave);
    };
  }, [open]);
  return (
    <div class="menu" ref={whole}>
      <button
        type="button"
        class="button"
        ref={opener}
        aria-expanded={open}
        aria-label={label}
        onClick={() => setOpen(!open)}
      >
        {button}
        <Open />
      </button>
      {open && <div class="menu-panel">{children(close)}</div>}
    </div>
  );
}
