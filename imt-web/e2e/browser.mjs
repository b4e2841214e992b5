// The browsers of a story. Whatever a page must not do is noted: a dialog, a request to somewhere else, an error on the console, and
// moving under the reader's eyes.
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { chromium } from "playwright-core";

import { MOST_SHIFTED, watchShifts } from "./shifts.mjs";

const ARGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** How long anything may take to be seen: machines that test are busy. */
const PATIENCE_MS = 60_000;

export class Browsers {
  #base;
  #pages;
  #provider;
  #open = [];
  #faults = [];
  #allowed = [];

  /**
   * `pages`: a directory of built pages to show in place of those in the server, with the headers that it sends. `provider`:
   * where one signs in; what its forms do is its own business, but they get nothing from elsewhere.
   */
  constructor(base, { pages, provider }) {
    this.#base = base;
    this.#pages = pages;
    this.#provider = provider;
  }

  /** A browser of its own; `state` is what another one has of cookies. */
  async open(state) {
    const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
    // See no-netlink.c.
    const preload = process.env.IMT_STORY_PRELOAD;
    const env = preload === undefined ? process.env : { ...process.env, LD_PRELOAD: preload };
    const browser = await chromium.launch({ executablePath, args: ARGS, env });
    this.#open.push(browser);
    const context = await browser.newContext({
      baseURL: this.#base,
      viewport: { width: 1440, height: 900 },
      // What moves is never the same twice.
      reducedMotion: "reduce",
      colorScheme: "light",
      ...(state === undefined ? {} : { storageState: state }),
    });
    context.setDefaultTimeout(PATIENCE_MS);
    if (this.#pages !== undefined) await this.#replacePages(context);
    const isElsewhere = (url) => url.origin !== this.#base && url.origin !== this.#provider;
    await context.route(isElsewhere, (route) => route.abort());
    // What moves too far says so on the console.
    await context.addInitScript(watchShifts, MOST_SHIFTED);
    const page = await context.newPage();
    this.#watch(page);
    return page;
  }

  /** Another tab of the browser that has this page. */
  async openTab(page) {
    const tab = await page.context().newPage();
    this.#watch(tab);
    return tab;
  }

  /** Browsers that see the same server at another address. */
  at(base) {
    return new Browsers(base, { pages: this.#pages, provider: this.#provider });
  }

  async close() {
    await Promise.all(this.#open.map((browser) => browser.close()));
  }

  /** Lets errors on the console be, where a server that is away or says no has to make some, as long as something is done. */
  async allowing(pattern, deed) {
    this.#allowed.push(pattern);
    try {
      return await deed();
    } finally {
      this.#allowed.pop();
    }
  }

  /** Throws where a page has done what it must not. */
  check() {
    if (this.#faults.length > 0) throw new Error(this.#faults.join("\n"));
  }

  #watch(page) {
    const fault = (text) => this.#faults.push(text);
    page.on("dialog", (dialog) => {
      fault(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("popup", (popup) => fault(`another window: ${popup.url()}`));
    page.on("pageerror", (error) => fault(`an error: ${error.message}`));
    page.on("console", (message) => {
      if (message.type() !== "error") return;
      if (this.#isProviders(page)) return;
      const text = `${message.text()} (${message.location().url})`;
      if (!this.#allowed.some((pattern) => pattern.test(text))) fault(`on the console: ${text}`);
    });
    page.on("request", (request) => {
      const isOurs = new URL(request.url()).origin === this.#base;
      if (!isOurs && !this.#isProviders(page, request)) fault(`a request elsewhere: ${request.url()}`);
    });
    page.on("websocket", (socket) => {
      if (new URL(socket.url()).host !== new URL(this.#base).host)
        fault(`a socket elsewhere: ${socket.url()}`);
    });
  }

  /** Whether the page is the provider's, or leads to it. */
  #isProviders(page, request) {
    if (this.#provider === undefined) return false;
    return [page.url(), request?.url()].some((url) => url?.startsWith(`${this.#provider}/`));
  }

  async #replacePages(context) {
    // A page that comes from nowhere may not speak to this machine otherwise.
    await context.grantPermissions(["local-network-access"]);
    const ours = /^\/(?:api|auth|badge|webhook|ws)(?:\/|$)/;
    const kinds = { js: "text/javascript", css: "text/css", svg: "image/svg+xml", html: "text/html" };
    await context.route(
      (url) => url.origin === this.#base && !ours.test(url.pathname),
      async (route) => {
        const { pathname } = new URL(route.request().url());
        const isFile = /\.(?:js|css|svg)$/.test(pathname);
        const name = isFile ? pathname : "/index.html";
        const headers = { "content-type": kinds[name.split(".").at(-1)] };
        const body = await readFile(join(this.#pages, name)).catch(() => null);
        // The page after a redirection is the server's own, whatever is done here.
        if (body === null) return route.continue();
        if (!isFile) {
          const answer = await route.fetch();
          headers["content-security-policy"] = answer.headers()["content-security-policy"] ?? "";
        }
        return route.fulfill({ headers, body });
      },
    );
  }
}

/** Asks until it is so; says what it waits for where it does not become so. */
export async function until(what, isSo, ms = PATIENCE_MS) {
  const end = Date.now() + ms;
  for (;;) {
    const found = await isSo();
    if (found) return found;
    if (Date.now() > end) throw new Error(`it did not come to this: ${what}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

/** All lines of the log that is shown, by their numbers, read by scrolling through it as somebody would. */
export async function readLog(page) {
  const scroller = page.getByRole("log");
  await scroller.focus();
  await page.keyboard.press("g");
  const lines = new Map();
  const total = Number(await page.locator("[data-log-lines]").getAttribute("data-log-lines"));
  const look = async () => {
    const seen = await scroller
      .locator(".log-row")
      .evaluateAll((rows) =>
        rows.map((row) => [
          Number(row.dataset.n),
          row.querySelector(".log-missing") ? null : row.querySelector(".log-text").textContent,
        ]),
      );
    const there = seen.filter(([, text]) => text !== null);
    for (const [number, text] of there) lines.set(number, text);
    if (lines.size >= total) return true;
    // Whoever reads waits for what is not there yet, and then goes on.
    if (there.length === seen.length) await page.keyboard.press("PageDown");
    return false;
  };
  try {
    await until("every line of the log can be scrolled to", look);
  } catch (error) {
    const missing = Array.from({ length: total }, (_, number) => number).filter(
      (number) => !lines.has(number),
    );
    const [now, top] = await scroller.evaluate((log) => [
      log.closest("[data-log-lines]").dataset.logLines,
      `${log.scrollTop} of ${log.scrollHeight}, ${document.activeElement?.tagName} has the keys`,
    ]);
    const where = `${missing.length} of ${total} (${now} now), from ${missing[0]} to ${missing.at(-1)}; at ${top}`;
    throw new Error(`${error.message}: missing are ${where}`, { cause: error });
  }
  return [...lines].sort(([a], [b]) => a - b).map(([, text]) => text);
}
