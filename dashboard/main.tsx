import "./style/index.css";
import { render } from "preact";
import { readAddress } from "./address.ts";
import { App } from "./app.tsx";
import { viewOf } from "./views/index.ts";

// The view's code comes while it is found out who is asking.
viewOf(readAddress(location.search).view)
  ?.load()
  .catch(() => undefined);

render(<App />, document.getElementById("app") as HTMLElement);
