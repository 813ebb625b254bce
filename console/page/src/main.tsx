import { render } from "preact";
import { App } from "./app.tsx";
import { meet } from "./me.ts";

void meet();
render(<App />, document.getElementById("app") as HTMLElement);
