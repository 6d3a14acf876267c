import { useState } from "react";
import { signedOut, track } from "./edgepixel";
import { EdgepixelTag } from "./edgepixel-tag";

export function App() {
  const [player, setPlayer] = useState<string | null>(null);
  const signIn = () => setPlayer("player-42");
  const signOut = () => {
    setPlayer(null);
    signedOut();
  };
  const pay = () => track("deposit", { amount: "25.00", currency: "EUR", transaction_id: "T-1001" });
  return (
    <>
      <EdgepixelTag player={player} />
      <button type="button" onClick={player ? signOut : signIn}>
        {player ? "Sign out" : "Sign in"}
      </button>
      <button type="button" onClick={pay}>
        Pay
      </button>
    </>
  );
}
