// Light or dark: what the reader chose, or else what the system says. Components only see `data-theme` and variables.
export type Theme = "system" | "light" | "dark";

const KEY = "imt.theme";
const dark = () => window.matchMedia("(prefers-color-scheme: dark)");

export function chosenTheme(): Theme {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === "light" || kept === "dark" ? kept : "system";
  } catch {
    // A browser may forbid to keep anything.
    return "system";
  }
}

export function chooseTheme(theme: Theme): void {
  try {
    if (theme === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // Then it lasts as long as the page.
  }
  apply(theme);
}

function apply(theme: Theme): void {
  const isDark = theme === "dark" || (theme === "system" && dark().matches);
  document.documentElement.dataset["theme"] = isDark ? "dark" : "light";
}

/** Applies the theme, and follows the system when it changes. */
export function followTheme(): void {
  apply(chosenTheme());
  dark().addEventListener("change", () => apply(chosenTheme()));
}
