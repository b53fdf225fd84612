/** Switches the theme without a request: system, light, dark. A cookie has the theme of the next page for the server. */
const ORDER = ["system", "light", "dark"] as const;
const LABELS = { system: "System theme", light: "Light theme", dark: "Dark theme" } as const;
const YEAR_SECONDS = 31_536_000;

export function bindTheme(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-theme-switch]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const root = document.documentElement;
      const now = ORDER.indexOf((root.dataset.theme ?? "system") as (typeof ORDER)[number]);
      applyTheme(ORDER[(now + 1) % ORDER.length]!);
    });
  }
}

function applyTheme(theme: (typeof ORDER)[number]): void {
  const isSystem = theme === "system";
  if (isSystem) delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `nexus_theme=${isSystem ? "" : theme}; Path=/; SameSite=Lax; Max-Age=${isSystem ? 0 : YEAR_SECONDS}${secure}`;
  for (const label of document.querySelectorAll("[data-theme-label]")) label.textContent = LABELS[theme];
}
