// The pictures of the documentation: taken from what the story shows, and compared with those that are kept, so that they are
// never of pages that are no more.
import { copyFile, mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { dress, WIDE } from "./looks.mjs";

/** The window of most of them. */
export const PICTURE = { width: 1280, height: 800 };

/** How many pixels are taken for one, in either direction: other times and hashes are hardly seen any more. */
const COARSE = 8;

/**
 * How far pictures may be from each other, in steps of grey of 0 to 255 on average. Other times, hashes and ports made up to 0.3 of
 * it, a log that says one thing more or less and so stands further up or down 0.66, everything two pixels further down from 0.9 on.
 */
const MOST_DIFFERENT = 0.8;

export class Pictures {
  #kept;
  #made;
  #names = [];

  constructor(kept, made) {
    this.#kept = kept;
    this.#made = made;
  }

  /** `kept`: the directory of those that are kept; without one, none are taken. */
  static async at(kept) {
    const made = join(import.meta.dirname, "../../target/screenshots");
    if (kept !== undefined) await mkdir(made, { recursive: true });
    return new Pictures(kept, made);
  }

  /** Takes one. */
  async take(page, name, size, scheme) {
    if (this.#kept === undefined) return;
    await dress(page, size, scheme);
    await page.mouse.move(0, 0);
    await page.screenshot({ path: join(this.#made, `${name}.png`), caret: "hide" });
    await dress(page, WIDE, "light");
    this.#names.push(`${name}.png`);
  }

  /** Compares all that were taken with those that are kept; or keeps them. */
  async check(browsers) {
    if (this.#kept === undefined) return;
    // Nothing of the server's, and not by its rules.
    const page = await browsers.open();
    await mkdir(this.#kept, { recursive: true });
    if (process.env.IMT_KEEP_SCREENSHOTS) {
      for (const name of this.#names) await copyFile(join(this.#made, name), join(this.#kept, name));
    }
    const wrong = [];
    for (const name of this.#names) {
      const [kept, made] = await Promise.all([read(this.#kept, name), read(this.#made, name)]);
      const difference = kept === null ? null : await page.evaluate(compare, { kept, made, coarse: COARSE });
      console.log(`picture ${name}: ${difference === null ? "none is kept" : difference.toFixed(2)}`);
      if (difference === null || !(difference <= MOST_DIFFERENT)) wrong.push(name);
    }
    const left = (await readdir(this.#kept)).filter((name) => !this.#names.includes(name));
    for (const name of left) wrong.push(`${name}, which is taken nowhere`);
    if (wrong.length === 0) return;
    throw new Error(
      `the pages do not look as in ${this.#kept} any more: ${wrong.join(", ")}. They are in ${this.#made} as they are now; ` +
        "where they are as they should be: IMT_KEEP_SCREENSHOTS=1 scripts/with-services scripts/story",
    );
  }
}

async function read(directory, name) {
  const bytes = await readFile(join(directory, name)).catch(() => null);
  return bytes === null ? null : bytes.toString("base64");
}

/** Runs in a page, which can read pictures: how different two of them are, or infinitely where their sizes differ. */
async function compare({ kept, made, coarse }) {
  const greys = async (base64) => {
    const bytes = Uint8Array.from(window.atob(base64), (mark) => mark.charCodeAt(0));
    const image = await window.createImageBitmap(new window.Blob([bytes], { type: "image/png" }));
    const [width, height] = [Math.floor(image.width / coarse), Math.floor(image.height / coarse)];
    const canvas = new window.OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    const sums = new Float64Array(width * height);
    for (let y = 0; y < height * coarse; y += 1) {
      for (let x = 0; x < width * coarse; x += 1) {
        const at = (y * image.width + x) * 4;
        const grey = 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2];
        sums[Math.floor(y / coarse) * width + Math.floor(x / coarse)] += grey / (coarse * coarse);
      }
    }
    return { size: `${image.width} ${image.height}`, sums };
  };
  const [one, other] = [await greys(kept), await greys(made)];
  if (one.size !== other.size) return Infinity;
  const sum = one.sums.reduce((sum, grey, place) => sum + Math.abs(grey - other.sums[place]), 0);
  return sum / one.sums.length;
}
