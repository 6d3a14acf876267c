/** Keyboard shortcuts as data, for the help sheet and for the one listener. */
import { useLayoutEffect } from "preact/hooks";
import { type Address, COMPARISONS, NO_FILTERS } from "../address.ts";
import { type Go, useNavigation } from "../navigation.ts";
import { choiceOf, PRESETS, type Preset, step } from "../period.ts";
import type { Scope } from "../scope.ts";
import { setTheme, THEMES, themeNow } from "../theme.ts";
import { viewsOf } from "../views.ts";
import { words } from "../words.ts";

type Pressed = { scope: Scope; go: Go };
type Shortcut = { key: string; does: string; run: (pressed: Pressed) => void };

const PERIODS: Record<string, Preset> = {
  d: "today",
  e: "yesterday",
  w: "7d",
  k: "week",
  j: "last_week",
  f: "28d",
  t: "30d",
  n: "91d",
  m: "month",
  p: "last_month",
  y: "year",
  s: "182d",
  l: "365d",
  a: "all",
};

/** From a value that is not in the list, the first one is next. */
const after = <Name>(names: readonly Name[], now: Name): Name => names[(names.indexOf(now) + 1) % names.length] ?? now;

/** The comparisons that the shortcut cycles through: all except custom days, which need a form. */
const CYCLED: readonly (typeof COMPARISONS)[number][] = COMPARISONS.filter((name) => name !== "custom");

function stepBy(direction: -1 | 1) {
  return ({ scope, go }: Pressed) => {
    const target = step(scope, direction, scope.today);
    if (target) go({ period: choiceOf(target, scope.today) });
  };
}

export const SHORTCUTS: readonly { title: string; keys: readonly Shortcut[] }[] = [
  {
    title: words.frame.dates,
    keys: [
      ...Object.entries(PERIODS).map(([key, period]) => ({
        key,
        does: PRESETS[period].title,
        run: ({ go }: Pressed) => go({ period }),
      })),
      { key: "ArrowLeft", does: words.frame.earlier, run: stepBy(-1) },
      { key: "ArrowRight", does: words.frame.later, run: stepBy(1) },
      {
        key: "x",
        does: words.frame.compareWithAnotherPeriod,
        run: ({ scope: { address }, go }) => go({ compare: after(CYCLED, address.compare) }),
      },
      {
        key: "c",
        does: words.frame.chooseDates,
        run: () => document.querySelector<HTMLElement>(".period .menu > button")?.click(),
      },
    ],
  },
  {
    title: words.frame.page,
    keys: [
      {
        key: "/",
        does: words.frame.search,
        run: () => document.querySelector<HTMLElement>('input[type="search"]')?.focus(),
      },
      {
        key: "i",
        does: words.frame.switchTheTheme,
        run: () => setTheme(after(THEMES, themeNow())),
      },
      { key: "0", does: words.frame.removeAllFilters, run: ({ go }) => go({ ...NO_FILTERS, search: undefined }) },
    ],
  },
];

/** The label of a key. */
export const KEY_NAMES: Record<string, string> = { ArrowLeft: "←", ArrowRight: "→" };

const runs = new Map(SHORTCUTS.flatMap(({ keys }) => keys.map((shortcut) => [shortcut.key, shortcut.run])));

/** The shortcuts of views, by number in the order of the menu. */
const viewAt = (scope: Scope, key: string): Partial<Address> | null => {
  const [view] = viewsOf(scope.principal)[Number(key) - 1] ?? [];
  return /^[1-9]$/.test(key) && view !== undefined ? { view } : null;
};

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  (target.isContentEditable || target.closest("input, select, textarea, dialog, .menu-panel") !== null);

export function useShortcuts(scope: Scope | undefined, showSheet: () => void): void {
  const { go } = useNavigation();
  // Together with the page, so that the next key applies to the present address.
  useLayoutEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.metaKey || event.ctrlKey || event.altKey || event.defaultPrevented || isTyping(event.target)) return;
      // In a table or list that scrolls sideways, the arrow keys scroll it.
      if (event.key.startsWith("Arrow") && (event.target as Element).closest('[tabindex="0"]')) return;
      if (event.key === "?") {
        showSheet();
        return;
      }
      if (!scope) return;
      const view = viewAt(scope, event.key);
      const run = runs.get(event.key);
      if (!view && !run) return;
      event.preventDefault();
      if (view) go(view);
      else run?.({ scope, go });
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  });
}
