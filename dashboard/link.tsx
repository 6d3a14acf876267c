/** A link to another address of the dashboard. */
import type { ComponentChildren } from "preact";
import type { Address } from "./address.ts";
import { linkTo, useNavigation } from "./navigation.ts";

type Linked = {
  /** What is other about that address. */
  to: Partial<Address>;
  class?: string;
  title?: string;
  /** It leads to where one is. */
  current?: boolean;
  /** It may be followed soon. */
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
        // A new tab or window is the browser's to open.
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        // The row that holds it may be pressed, too.
        event.stopPropagation();
        go(to);
        gone?.();
      }}
    />
  );
}
