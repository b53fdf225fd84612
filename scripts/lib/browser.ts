/** A browser for tests, benchmarks and screenshots: CHROMIUM_PATH, an installed Chromium, or the one of the npm package. */
import { existsSync } from "node:fs";
import chromium from "@sparticuz/chromium";
import { chromium as playwright, type Browser, type Page } from "playwright-core";

const INSTALLED = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
/** No background requests to the internet. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The browser ends with this process: its pipe closes. So it needs no signal handlers, which would keep the process alive. */
export async function startBrowser(): Promise<Browser> {
  const installed = [process.env.CHROMIUM_PATH ?? "", ...INSTALLED].find(
    (path) => path !== "" && existsSync(path),
  );
  return playwright.launch({
    executablePath: installed ?? (await chromium.executablePath()),
    args: FLAGS,
    handleSIGHUP: false,
    handleSIGINT: false,
    handleSIGTERM: false,
  });
}

/** Signs in to the dashboard with the form; resolves at `path`. */
export async function signInOn(
  page: Page,
  { dashboardUrl, dashboardKey }: { dashboardUrl: string; dashboardKey: string },
  path = "/",
): Promise<void> {
  await page.goto(`${dashboardUrl}/sign-in?next=${encodeURIComponent(path)}`);
  await page.fill("input[name=key]", dashboardKey);
  await page.press("input[name=key]", "Enter");
  await page.waitForURL(dashboardUrl + path);
}
