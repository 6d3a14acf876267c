/** A request that changes data on the server: one at a time; its error is kept until the next try. */
import { useState } from "preact/hooks";
import { refreshAnswers } from "../answers.ts";
import { ApiError } from "../api.ts";
import { words } from "../words.ts";
import { say } from "./said.tsx";

export type Action<Given extends unknown[]> = {
  /** True once it has succeeded; false if it failed: `error` has the reason. */
  run: (...given: Given) => Promise<boolean>;
  busy: boolean;
  error: ApiError | null;
};

/** On success `done` is shown to the reader, and the page requests all its data again. */
export function useAction<Given extends unknown[]>(
  act: (...given: Given) => Promise<unknown>,
  done?: string,
): Action<Given> {
  const [state, setState] = useState<{ busy: boolean; error: ApiError | null }>({ busy: false, error: null });
  const run = async (...given: Given) => {
    if (state.busy) return false;
    setState({ busy: true, error: null });
    try {
      await act(...given);
    } catch (error) {
      const failure =
        error instanceof ApiError ? error : new ApiError(0, words.common.somethingWentWrong, String(error));
      setState({ busy: false, error: failure });
      return false;
    }
    setState({ busy: false, error: null });
    if (done) say(done);
    refreshAnswers();
    return true;
  };
  return { run, ...state };
}
