import "./style/index.css";
import { render } from "preact";
import { readAddress } from "./address.ts";
import { App } from "./app.tsx";
import { preloadView } from "./loaders.ts";
import { language } from "./words.ts";

document.documentElement.lang = language;

// The view's code is loaded while the session is looked up.
preloadView(readAddress(location.search).view);

render(<App />, document.getElementById("app") as HTMLElement);
