/** Something that changes what the server holds: under way once at a time, its failure kept until it is tried again. */
import { useState } from "preact/hooks";
import { refreshAnswers } from "../answers.ts";
import { ApiError } from "../api.ts";
import { words } from "../words.ts";
import { say } from "./said.tsx";

export type Action<Given extends unknown[]> = {
  /** True once it is done; false where it failed, which `error` tells. */
  run: (...given: Given) => Promise<boolean>;
  busy: boolean;
  error: ApiError | null;
};

/** `done` is shown to the reader when it went well; then all that the page shows is asked again. */
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
