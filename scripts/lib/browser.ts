/** A browser for tests, benchmarks and screenshots: CHROMIUM_PATH, an installed Chromium, or the one of scripts/tools/chromium. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { chromium as playwright, type Browser, type Page } from "playwright-core";
import tool from "../tools/chromium/package.json" with { type: "json" };

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
  const installed = [process.env.CHROMIUM_PATH ?? "", ...tool.config.installed].find(
    (path) => path !== "" && existsSync(path),
  );
  return playwright.launch({
    executablePath: installed ?? (await downloadedChromium()),
    args: FLAGS,
    handleSIGHUP: false,
    handleSIGINT: false,
    handleSIGTERM: false,
  });
}

/** The program of the package in scripts/tools/chromium, unpacked into the temporary directory. */
async function downloadedChromium(): Promise<string> {
  const require = createRequire(new URL("../tools/chromium/package.json", import.meta.url));
  let module: string;
  try {
    module = require.resolve("@sparticuz/chromium");
  } catch {
    throw new Error("There is no Chromium: run `node scripts/install.js chromium`, or set CHROMIUM_PATH.");
  }
  const { default: chromium } = (await import(pathToFileURL(module).href)) as {
    default: { executablePath(): Promise<string> };
  };
  return chromium.executablePath();
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
