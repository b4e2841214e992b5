// How pages look: in every window and theme, nothing is wider than the window, and axe has nothing serious to say.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";

export const WIDE = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

/** The last one is how the story goes on. */
const LOOKS = [
  { size: PHONE, scheme: "light" },
  { size: PHONE, scheme: "dark" },
  { size: WIDE, scheme: "dark" },
  { size: WIDE, scheme: "light" },
];

const SERIOUS = new Set(["serious", "critical"]);

export class Looks {
  #axe;
  #shots;
  /** How many pages were looked at, in however many ways. */
  count = 0;
  /** The most that moved on one of them by itself, and which. */
  moved = { by: 0, name: "" };

  constructor(axe, shots) {
    this.#axe = axe;
    this.#shots = shots;
  }

  /** `shots`: where screenshots go, if anywhere. */
  static async at(shots) {
    const file = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
    return new Looks(await readFile(file, "utf8"), shots);
  }

  /** Looks at a page in all ways; throws where one of them is not well. */
  async look(page, name) {
    const wrong = [];
    const by = await page.evaluate(() => window.shifted);
    if (by > this.moved.by) this.moved = { by, name };
    for (const { size, scheme } of LOOKS) {
      const way = `${name}-${size.width}-${scheme}`;
      await dress(page, size, scheme);
      await this.shoot(page, way);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (wide > 0) wrong.push(`${way} is ${wide} px wider than its window`);
      wrong.push(...(await this.#askAxe(page, scheme)).map((text) => `${way}: ${text}`));
      this.count += 1;
    }
    if (wrong.length > 0) throw new Error(wrong.join("\n"));
  }

  async shoot(page, name) {
    if (this.#shots !== undefined) await page.screenshot({ path: join(this.#shots, `${name}.png`) });
  }

  /** The other theme has other colours, and nothing else. */
  async #askAxe(page, scheme) {
    if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(this.#axe);
    const rules = scheme === "dark" ? { runOnly: ["color-contrast"] } : {};
    const violations = await page.evaluate(async (rules) => {
      const said = await window.axe.run(document, { ...rules, resultTypes: ["violations"] });
      return said.violations.map(({ id, impact, nodes }) => ({
        id,
        impact,
        nodes: nodes.map(({ html, failureSummary }) => `${html.slice(0, 300)} ${failureSummary}`),
      }));
    }, rules);
    return violations
      .filter(({ impact }) => SERIOUS.has(impact))
      .map(({ id, impact, nodes }) => `axe: ${id} (${impact}) ${nodes.slice(0, 3).join(" | ")}`);
  }
}

/** Gives a page a window and a theme, and waits until it has both. */
export async function dress(page, size, scheme) {
  await page.setViewportSize(size);
  await page.emulateMedia({ colorScheme: scheme });
  await page.evaluate(async () => {
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    await frame();
    await frame();
    const ends = document
      .getAnimations()
      .filter((animation) => Number.isFinite(animation.effect?.getComputedTiming().endTime));
    await Promise.all(ends.map((animation) => animation.finished.catch(() => undefined)));
  });
}
