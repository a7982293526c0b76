export type Theme = "system" | "light" | "dark";

/** Alpine component for the theme switch; the first paint is set by the script in base.html. */
export function themeChoice() {
  return {
    theme: (localStorage.getItem("theme") ?? "system") as Theme,
    choose(event: Event) {
      this.theme = (event.target as HTMLInputElement).value as Theme;
      if (this.theme === "system") {
        localStorage.removeItem("theme");
        delete document.documentElement.dataset.theme;
      } else {
        localStorage.setItem("theme", this.theme);
        document.documentElement.dataset.theme = this.theme;
      }
    },
  };
}
