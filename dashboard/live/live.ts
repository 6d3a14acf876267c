/** The live connection as components see it. */
import { createContext } from "preact";
import { useContext, useEffect, useMemo, useReducer } from "preact/hooks";
import { refreshAnswers } from "../answers.ts";
import { LiveConnection } from "./connection.ts";
import { keepFresh } from "./freshness.ts";
import { type LiveState, nothingYet } from "./state.ts";

const Live = createContext<LiveConnection | null>(null);
export const LiveProvider = Live.Provider;

/** Connects, once it is known who is asking, for as long as the page shows this project. */
export function useLiveConnection(project_id: string | undefined, ready: boolean): LiveConnection {
  const live = useMemo(() => new LiveConnection(project_id), [project_id]);
  useEffect(() => {
    if (!ready) return;
    live.open();
    const stop = keepFresh(live, refreshAnswers);
    return () => {
      stop();
      live.close();
    };
  }, [live, ready]);
  return live;
}

export function useLive(): LiveState {
  const live = useContext(Live);
  const [, render] = useReducer((turn: number, _: undefined) => turn + 1, 0);
  useEffect(() => live?.listen(() => render(undefined)), [live]);
  return live?.state ?? nothingYet;
}
