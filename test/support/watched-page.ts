/** A page of a real browser that records the browser's errors. */
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { WAIT_TIMEOUT_MS } from "./timeouts.ts";

export interface WatchedPage {
  page: Page;
  /** Errors of scripts, violations of the content security policy, missing files, dialogs. */
  browserErrors: string[];
}

/** A page in a context of its own (`page.context().close()` ends it), 1,440 pixels wide by default. */
export async function openWatchedPage(
  browser: Browser,
  { width = 1440, ...options }: { width?: number } & BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width, height: 900 }, ...options });
  context.setDefaultTimeout(WAIT_TIMEOUT_MS);
  const page = await context.newPage();
  const browserErrors: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") browserErrors.push(message.text());
  });
  page.on("pageerror", (error) => browserErrors.push(error.message));
  page.on("dialog", (dialog) => {
    browserErrors.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return { page, browserErrors };
}

/** Pixels by which the document is wider than the window. */
export function sidewaysOverflow(page: Page): Promise<number> {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return Math.max(0, scrollWidth - clientWidth);
  });
}
