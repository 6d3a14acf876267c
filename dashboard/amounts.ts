/** Whether the reader may see amounts of money: a key or share link may hide them. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";

const Amounts = createContext(true);
export const AmountsProvider = Amounts.Provider;
export const useAmounts = (): boolean => useContext(Amounts);
