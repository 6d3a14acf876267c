import type { Connection } from "./state.ts";

const WORDS: Record<Connection, string> = {
  connecting: "Connecting…",
  live: "Live",
  reconnecting: "Reconnecting…",
};
const HINTS: Record<Connection, string> = {
  connecting: "Asking the server for the live figures",
  live: "Figures arrive as they change",
  reconnecting: "The connection was lost; these are the last figures. It comes back by itself.",
};

export const Status = ({ connection }: { connection: Connection }) => (
  <span class="status" data-connection={connection} role="status" title={HINTS[connection]}>
    {WORDS[connection]}
  </span>
);
