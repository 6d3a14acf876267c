import { type Check, logsOf, ok, projectOf, wrong } from "./check.ts";

const PATIENCE_MS = 20_000;

/** The first message of the stream; throws where none comes. */
function firstMessage(url: string, key: string): Promise<{ type?: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ type?: string }>();
  // Node's WebSocket accepts headers, which the types of browsers do not have.
  const options = { headers: { authorization: `Bearer ${key}` } } as unknown as string[];
  const socket = new WebSocket(url, options);
  const timer = setTimeout(() => reject(new Error(`no message in ${PATIENCE_MS / 1_000} s`)), PATIENCE_MS);
  socket.onmessage = ({ data }) => resolve(JSON.parse(String(data)));
  socket.onerror = () => reject(new Error("the connection was not accepted"));
  socket.onclose = ({ code }) => reject(new Error(`it was closed with the code ${code}`));
  return promise.finally(() => {
    clearTimeout(timer);
    socket.close();
  });
}

export const live: Check = {
  name: "live",
  asks: "Does the stream of what happens now answer?",
  needs: { role: "viewer" },
  async look(patient) {
    const address = `${patient.url.replace(/^http/, "ws")}/api/v1/live?project_id=${projectOf(patient)}`;
    try {
      const { type } = await firstMessage(address, patient.key as string);
      return type === "snapshot"
        ? ok("It sent what happens now.")
        : wrong(
            `It sent \`${type}\` first, and not a snapshot.`,
            "Bring this clone and the instance to the same version.",
          );
    } catch (error) {
      return wrong(
        `The stream gave nothing: ${(error as Error).message}.`,
        `Where a proxy is in front, let it pass WebSockets through; else look for errors in ${logsOf(patient)}.`,
      );
    }
  },
};
