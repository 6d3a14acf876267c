import type { Principal } from "../../worker/http/principal.ts";
import { Dialog } from "../act/dialog.tsx";
import { viewsOf } from "../views.ts";
import { words } from "../words.ts";
import { KEY_NAMES, SHORTCUTS } from "./shortcuts.ts";

export function ShortcutSheet({ principal, close }: { principal: Principal; close: () => void }) {
  const groups = [
    ...SHORTCUTS.map(({ title, keys }) => [title, keys.map(({ key, does }) => [key, does])] as const),
    [
      words.frame.views,
      viewsOf(principal)
        .slice(0, 9)
        .map(([, { title }], index) => [String(index + 1), title]),
    ] as const,
  ];
  return (
    <Dialog title={words.frame.keyboardShortcuts} close={close} wide>
      <div class="keys">
        {groups.map(([title, keys]) => (
          <section key={title} aria-labelledby={`keys-${title}`}>
            <h3 id={`keys-${title}`}>{title}</h3>
            <dl>
              {keys.map(([key = "", does]) => (
                <div key={key}>
                  <dt>
                    <kbd>{KEY_NAMES[key] ?? key.toUpperCase()}</kbd>
                  </dt>
                  <dd>{does}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
