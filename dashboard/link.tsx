/** A link to another address of the dashboard. */
import type { ComponentChildren } from "preact";
import type { Address } from "./address.ts";
import { linkTo, useNavigation } from "./navigation.ts";

type Linked = {
  /** The changes of the address. */
  to: Partial<Address>;
  class?: string;
  title?: string;
  /** It leads to the present address. */
  current?: boolean;
  /** The reader may follow it soon. */
  near?: () => void;
  /** It was followed. */
  gone?: () => void;
  children: ComponentChildren;
};

export function Link({ to, current, near, gone, ...anchor }: Linked) {
  const { address, go } = useNavigation();
  return (
    <a
      {...anchor}
      href={linkTo(address, to)}
      aria-current={current ? "page" : undefined}
      onPointerEnter={near}
      onClick={(event) => {
        // The browser opens new tabs and windows.
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        // The row that contains it reacts to clicks, too.
        event.stopPropagation();
        go(to);
        gone?.();
      }}
    />
  );
}
