import { words } from "../words.ts";
import type { Connection } from "./state.ts";

const WORDS: Record<Connection, string> = {
  connecting: words.live.connecting,
  live: words.common.live,
  reconnecting: words.live.reconnecting,
};
const HINTS: Record<Connection, string> = {
  connecting: words.live.askingTheServerForTheLive,
  live: words.live.figuresArriveAsTheyChange,
  reconnecting: words.live.theConnectionWasLostThese,
};

export const Status = ({ connection }: { connection: Connection }) => (
  <span class="status" data-connection={connection} role="status" title={HINTS[connection]}>
    {WORDS[connection]}
  </span>
);
