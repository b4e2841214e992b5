// What happens in the story where a log is read in ways that only a real browser has: tabs, lines of any height, a wheel, a window
// that gets too narrow for it.
import { until } from "./browser.mjs";
import { says, tell } from "./deeds.mjs";
import { PHONE, WIDE } from "./looks.mjs";

const TALL = 40;
const [TABS, WORDS] = ["abc\\tx\\nabcde\\tx\\nabcdefg\\tx\\n", "a line of many words ".repeat(30)];

/** The first row that is seen, and how many pixels of it are above the window, once it stands still. */
function firstSeen(page) {
  return page.getByRole("log").evaluate(async (log) => {
    const look = () => {
      const { top } = log.getBoundingClientRect();
      const row = [...log.querySelectorAll(".log-row")].find(
        (row) => row.getBoundingClientRect().bottom > top + 1,
      );
      return row && { row: Number(row.dataset.n), px: Math.round(top - row.getBoundingClientRect().top) };
    };
    const frames = async (count) => {
      for (let n = 0; n < count; n += 1) await new Promise((done) => requestAnimationFrame(done));
    };
    for (;;) {
      const before = look();
      await frames(5);
      const now = look();
      if (before?.row === now?.row && before?.px === now?.px) return now;
    }
  });
}

async function readInAllWays(story) {
  const { page } = story;
  const tall = `i=1; while [ $i -le ${TALL} ]; do echo "$i ${WORDS}"; i=$((i+1)); done`;
  const script = [`printf '${TABS}'`, tall, "echo the end"];
  await tell(
    story,
    "main",
    story.repository.commit("tabs and tall lines", { "pipeline.yml": story.file({ test: script }) }),
  );
  await page.goto("/projects/shop");
  const line = page.getByRole("listitem").filter({ hasText: "tabs and tall lines" });
  await line.getByRole("link", { name: /^#\d+ succeeded/ }).click();
  await says(page, "the end");
  const log = page.getByRole("log");
  await log.focus();
  await page.keyboard.press("g");
  await says(page, "$ printf 'abc\\tx\\nabcde\\tx\\nabcdefg\\tx\\n'");
  const stops = await log.evaluate((log) =>
    [...log.querySelectorAll(".log-text")]
      .filter((text) => /^abc.*\tx$/.test(text.textContent))
      .map(({ firstChild }) => {
        const range = document.createRange();
        range.setStart(firstChild, firstChild.length - 1);
        range.setEnd(firstChild, firstChild.length);
        return Math.round(range.getBoundingClientRect().left);
      }),
  );
  if (stops.length !== 3 || new Set(stops).size !== 1)
    throw new Error(`tabs end at ${stops.join(", ")} pixels`);

  await page.getByRole("button", { name: "Wrap" }).click();
  await page.keyboard.press("G");
  await says(page, "the end");
  await log.hover();
  await page.mouse.wheel(0, -500);
  const before = await until("the wheel has moved it", async () => {
    const seen = await firstSeen(page);
    return seen.row < TALL - 2 && seen;
  });
  await page.setViewportSize(PHONE);
  await log.waitFor({ state: "hidden" });
  await page.setViewportSize(WIDE);
  await log.waitFor();
  await until(`it is where it was: row ${before.row}, ${before.px} px`, async () => {
    const { row, px } = await firstSeen(page);
    return row === before.row && px === before.px;
  });
  await until("the wheel comes to the first line", async () => {
    await page.mouse.wheel(0, -300);
    const { row, px } = await firstSeen(page);
    return row === 0 && px <= 0;
  });
  await page.getByRole("button", { name: "Wrap" }).click();
}

export const LOGS = { "a log is read in all ways": readInAllWays };
