// A browser for measurements: the installed Chromium, signed in by the server's link.
import { chromium } from "playwright-core";

/** Gives a page of the size; `link` is the one that the server printed, or the file that an earlier run has kept. */
export async function open({ link, state, width = 1440, height = 900, dark = false, base }) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--enable-precise-memory-info",
      "--js-flags=--expose-gc",
    ],
  });
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: dark ? "dark" : "light",
    baseURL: base,
    ...(state === undefined || link !== undefined ? {} : { storageState: state }),
  });
  const page = await context.newPage();
  if (link !== undefined) {
    await page.goto(new URL(link).pathname + new URL(link).search);
    if (state !== undefined) await context.storageState({ path: state });
  }
  return { browser, context, page };
}
