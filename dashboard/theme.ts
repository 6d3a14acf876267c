/** Light, dark, or the system's theme. Stored in the browser; public/theme.js sets it before the first paint. */
import { useEffect, useState } from "preact/hooks";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

export const themeNow = (): Theme => (document.documentElement.dataset.theme as Theme | undefined) ?? "system";

export function setTheme(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    if (theme === "system") localStorage.removeItem("theme");
    else localStorage.setItem("theme", theme);
  } catch {
    // Storage is disabled: the choice lasts until the page is closed.
  }
  dispatchEvent(new Event("themechange"));
}

export function useTheme(): Theme {
  const [theme, settle] = useState(themeNow);
  useEffect(() => {
    const changed = () => settle(themeNow());
    addEventListener("themechange", changed);
    return () => removeEventListener("themechange", changed);
  }, []);
  return theme;
}

/** Calls back when the colours change, by the reader or by the system. */
export function useColours(changed: () => void): void {
  useEffect(() => {
    const system = matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", changed);
    addEventListener("themechange", changed);
    return () => {
      system.removeEventListener("change", changed);
      removeEventListener("themechange", changed);
    };
  });
}
