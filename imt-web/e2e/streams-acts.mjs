// What happens in the story where no WebSocket gets through: everything is followed by server-sent events.
import { attempt, AWAY, hasLines, LINES, printing, says, standsAt, tell } from "./deeds.mjs";
import { readLog, until } from "./browser.mjs";
import { NoSockets } from "./no-sockets.mjs";

/** One more than the connections that a browser has for one server: with a stream in each, the last would never load. */
const TABS = 7;

/** To a browser without a window all tabs are seen: they are told what one with a window would tell them. */
function canBeHidden() {
  let isHidden = false;
  Object.defineProperty(document, "hidden", { get: () => isHidden });
  window.setHidden = (value) => {
    isHidden = value;
    document.dispatchEvent(new window.Event("visibilitychange"));
  };
}

async function show(tab) {
  await tab.bringToFront();
  await tab.evaluate(() => window.setHidden(false));
}

const hide = (tab) => tab.evaluate(() => window.setHidden(true));

/** The log is followed in a tab after another, to its end in all of them, through a restart of the server. */
async function followWithoutSockets(story) {
  const proxy = await NoSockets.before(story.server.base);
  const browsers = story.browsers.at(proxy.base);
  try {
    await browsers.allowing(AWAY, () =>
      story.browsers.allowing(AWAY, () => followIn(story, browsers, proxy)),
    );
    browsers.check();
  } finally {
    await browsers.close();
    proxy.close();
  }
}

async function followIn(story, browsers, proxy) {
  const half = LINES / 2;
  const script = [printing(1, half), story.awaiting("streams"), printing(half + 1, LINES)];
  const file = `${story.file({ test: script })}    retry: { max: 1, on: [lost] }\n`;
  await tell(story, "main", story.repository.commit("by streams", { "pipeline.yml": file }));
  const path = `/projects/shop/pipelines/${await newest(story)}`;
  const first = await browsers.open(await story.page.context().storageState());
  await first.context().addInitScript(canBeHidden);
  const tabs = [];
  for (let number = 0; number < TABS; number += 1) {
    const tab = number === 0 ? first : await browsers.openTab(first);
    await tab.goto(path);
    await says(tab, `line ${half}`);
    await until("the log is followed by a stream", async () => proxy.streams > 0);
    // Another tab is opened over it.
    await hide(tab);
    await until("the stream of a hidden tab is let go of", async () => proxy.streams === 0);
    tabs.push(tab);
  }

  const seen = tabs.at(-1);
  await show(seen);
  await until("the tab that is shown again has its stream again", async () => proxy.streams === 1);
  const away = seen.getByText("the server is away: reconnecting");
  await story.server.end("SIGKILL");
  await away.waitFor();
  await story.server.start();
  await away.waitFor({ state: "hidden" });
  await attempt(seen, 2).waitFor();
  story.gates.open("streams");
  for (const tab of tabs.reverse()) {
    await show(tab);
    await standsAt(tab, "succeeded");
    hasLines(await readLog(tab), LINES);
    await hide(tab);
  }
  if (proxy.most > 2) throw new Error(`there were ${proxy.most} streams at once where one tab is seen`);
}

async function newest({ page }) {
  return until("the push has made a pipeline", () =>
    page.evaluate(async () => {
      const answer = await fetch("/api/v1/projects/shop/pipelines?limit=1");
      const { items } = await answer.json();
      return items[0].subject === "by streams" && items[0].number;
    }),
  );
}

export const STREAMS = { "no WebSocket gets through": followWithoutSockets };
