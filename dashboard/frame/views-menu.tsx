/** The list of views: next to the view if there is room, otherwise over it. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Principal } from "../../worker/http/principal.ts";
import { Link } from "../link.tsx";
import { useNavigation } from "../navigation.ts";
import { isAdministrative, type ViewEntry, viewsOf } from "../views.ts";
import { words } from "../words.ts";

/** Not by `scrollIntoView`: after it, Chromium starts the next Tab from the shown element, so the first links were skipped. */
function bringIntoSight(list: Element, item: Element): void {
  const [frame, box] = [list.getBoundingClientRect(), item.getBoundingClientRect()];
  if (box.bottom > frame.bottom) list.scrollTop += box.bottom - frame.bottom;
  else if (box.top < frame.top) list.scrollTop -= frame.top - box.top;
}

type Group = ViewEntry["group"];
/** `near`: called when a view is likely to be opened next. */
type Links = { near: (view: string) => void; close: () => void };

export function ViewsMenu({ principal, open, near, close }: Links & { principal: Principal; open: boolean }) {
  const views = viewsOf(principal);
  const groups = [...new Set(views.map(([, { group }]) => group))];
  const { view } = useNavigation().address;
  const menu = useRef<HTMLElement>(null);
  // The chosen view is scrolled into sight; a list that opens over the page starts at its top.
  useEffect(() => {
    const chosen = menu.current?.querySelector("[aria-current]");
    if (open && menu.current) menu.current.scrollTop = 0;
    if (menu.current && chosen) bringIntoSight(menu.current, chosen);
  }, [view, views.length, open]);
  const [unfolded, unfold] = useState(false);
  const inside = views.some(([name, { group }]) => name === view && isAdministrative(group));
  const shown = (group: Group) => (
    <section key={group} aria-labelledby={`views-${group}`}>
      <h2 id={`views-${group}`}>{words.groups[group]}</h2>
      <ul>
        {views.map(
          ([name, entry]) =>
            entry.group === group && (
              <li key={name}>
                <ViewLink name={name} title={entry.title} near={near} close={close} />
              </li>
            ),
        )}
      </ul>
    </section>
  );
  return (
    <nav
      ref={menu}
      aria-label={words.frame.views}
      class={open ? "views open" : "views"}
      onKeyDown={(event) => event.key === "Escape" && close()}
    >
      {groups.filter((group) => !isAdministrative(group)).map(shown)}
      {groups.some(isAdministrative) && (
        <details open={unfolded || inside} onToggle={(event) => unfold(event.currentTarget.open)}>
          <summary>{words.frame.administration}</summary>
          {groups.filter(isAdministrative).map(shown)}
        </details>
      )}
    </nav>
  );
}

function ViewLink({ name, title, near, close }: Links & { name: string; title: string }) {
  const { address } = useNavigation();
  return (
    <Link to={{ view: name }} current={name === address.view} near={() => near(name)} gone={close}>
      {title}
    </Link>
  );
}
