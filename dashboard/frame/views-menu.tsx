/** The list of views: beside them where there is room, over them where there is not. */
import type { Principal } from "../../worker/http/principal.ts";
import { linkTo, useNavigation } from "../navigation.ts";
import { type ViewEntry, viewsOf } from "../views/index.ts";

export function ViewsMenu({ principal, open, close }: { principal: Principal; open: boolean; close: () => void }) {
  const views = viewsOf(principal);
  const groups = [...new Set(views.map(([, { group }]) => group))];
  return (
    <nav
      aria-label="Views"
      class={open ? "views open" : "views"}
      onKeyDown={(event) => event.key === "Escape" && close()}
    >
      {groups.map((group) => (
        <section key={group} aria-labelledby={`views-${group}`}>
          <h2 id={`views-${group}`}>{group}</h2>
          <ul>
            {views.map(
              ([name, entry]) =>
                entry.group === group && (
                  <li key={name}>
                    <ViewLink name={name} entry={entry} close={close} />
                  </li>
                ),
            )}
          </ul>
        </section>
      ))}
    </nav>
  );
}

function ViewLink({ name, entry: { title, load }, close }: { name: string; entry: ViewEntry; close: () => void }) {
  const { address, go } = useNavigation();
  return (
    <a
      href={linkTo(address, { view: name })}
      aria-current={name === address.view ? "page" : undefined}
      onPointerEnter={() => void load().catch(() => undefined)}
      onClick={(event) => {
        // A new tab or window is the browser's to open.
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        go({ view: name });
        close();
      }}
    >
      {title}
    </a>
  );
}
