/** Dark or light: as the system says, until a person says otherwise. */
import { signal } from "@preact/signals";

const KEPT = "sluice-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");

export const theme = signal<"light" | "dark">(kept() ?? (dark.matches ? "dark" : "light"));

function kept(): "light" | "dark" | null {
  const found = localStorage.getItem(KEPT);
  return found === "light" || found === "dark" ? found : null;
}

function show(): void {
  colours.clear();
  document.documentElement.dataset["theme"] = theme.value;
}

const colours = new Map<string, string>();

/** Return a colour of the theme for what is drawn on a canvas. */
export function colour(name: string): string {
  let found = colours.get(name);
  if (found === undefined) {
    found = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
    colours.set(name, found);
  }
  return found;
}

export function switchTheme(): void {
  theme.value = theme.value === "dark" ? "light" : "dark";
  localStorage.setItem(KEPT, theme.value);
}

dark.addEventListener("change", () => {
  if (!kept()) theme.value = dark.matches ? "dark" : "light";
});
theme.subscribe(show);
