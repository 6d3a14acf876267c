/** The address as state: components read it, change it, and are called when Back changes it. */
import { createContext } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";
import { type Address, change, readAddress, writeAddress } from "./address.ts";

/** `replace` is for small changes such as typing, which Back should not step through. */
export type Go = (changes: Partial<Address>, how?: "push" | "replace") => void;

const Navigation = createContext<{ address: Address; go: Go }>({
  address: readAddress(""),
  go: () => undefined,
});
export const NavigationProvider = Navigation.Provider;
export const useNavigation = () => useContext(Navigation);

/** The address with some changes, for a link. */
export const linkTo = (address: Address, changes: Partial<Address>): string =>
  // The fragment holds the share link, if the page was opened by one.
  `${location.pathname}${writeAddress(change(address, changes))}${location.hash}`;

export function useAddressBar(): { address: Address; go: Go } {
  const [address, setAddress] = useState(() => readAddress(location.search));
  useEffect(() => {
    const back = () => setAddress(readAddress(location.search));
    addEventListener("popstate", back);
    return () => removeEventListener("popstate", back);
  }, []);
  const go: Go = (changes, how = "push") => {
    // Read again, so that two changes in one turn do not undo each other.
    const next = change(readAddress(location.search), changes);
    const url = linkTo(next, {});
    if (url === `${location.pathname}${location.search}${location.hash}`) return;
    history[how === "push" ? "pushState" : "replaceState"](null, "", url);
    setAddress(next);
  };
  return { address, go };
}
