// Following where no socket opens.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { begin, Fake, rest, story, subject } from "./fake";
import { Live } from "./live";
import { Machine } from "./machine";
import type { Position } from "./messages";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("where no socket opens although the server answers", () => {
  async function streaming(): Promise<ReturnType<typeof begin>> {
    const all = begin();
    for (let n = 0; n < 2; n += 1) {
      all.fake.last.onclose?.({ code: 1006 });
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(all.fake.streams).toHaveLength(1);
    return all;
  }

  it.each([0, 1, 5, 9])("streams are, and one that is lost after %i messages goes on", async (lost) => {
    const { fake, heard, standings } = await streaming();
    expect(fake.stream0.path).toBe("/api/v1/projects/shop/pipelines/3/events?jobs=");
    fake.stream0.onopen?.();
    for (const message of story().slice(0, lost)) fake.stream0.tell(message);
    fake.stream0.onerror?.();
    expect(fake.stream0.isClosed).toBe(true);
    await vi.advanceTimersByTimeAsync(1000);
    // A socket is tried again first.
    fake.last.onclose?.({ code: 1006 });
    await vi.advanceTimersByTimeAsync(1000);
    expect(fake.streams).toHaveLength(2);
    const position = new URL(fake.stream0.path, "http://x").searchParams.get("position");
    expect(position === null).toBe(lost === 0);
    for (const message of rest(position === null ? undefined : (JSON.parse(position) as Position))) {
      fake.stream0.tell(message);
    }
    expect(heard).toEqual(story());
    expect(standings.at(-1)).toBe("over");
    // Its browser would begin anew after the end.
    expect(fake.stream0.isClosed).toBe(true);
  });

  /** Whether the tab of the page is seen, as the window tells it. */
  function hide(isHidden: boolean): void {
    vi.spyOn(document, "hidden", "get").mockReturnValue(isHidden);
    document.dispatchEvent(new Event("visibilitychange"));
  }

  async function streamingTab(): Promise<ReturnType<typeof begin>> {
    const all = await streaming();
    detach = all.live.attach();
    all.fake.stream0.onopen?.();
    return all;
  }
  let detach = (): void => undefined;
  afterEach(() => detach());

  it.each(Array.from({ length: 10 }, (_, n) => n))(
    "a page that is hidden after %i messages lets go, and goes on without gap or doubling when it is seen",
    async (when) => {
      const { fake, heard, standings } = await streamingTab();
      const first = fake.stream0;
      for (const message of story().slice(0, when)) first.tell(message);
      hide(true);
      await vi.advanceTimersByTimeAsync(1_999);
      expect(first.isClosed).toBe(false);
      await vi.advanceTimersByTimeAsync(1);
      expect([first.isClosed, standings.at(-1)]).toEqual([true, "connecting"]);
      // What is on its way still, and the network that comes back, change nothing.
      for (const message of story()) first.tell(message);
      window.dispatchEvent(new Event("online"));
      await vi.advanceTimersByTimeAsync(60_000);
      expect([heard.length, fake.streams.length, fake.sockets.length]).toEqual([when, 1, 2]);
      hide(false);
      expect([fake.streams.length, fake.sockets.length]).toEqual([2, 2]);
      fake.stream0.onopen?.();
      expect(standings).not.toContain("refused");
      expect(standings.at(-1)).toBe("live");
      const position = new URL(fake.stream0.path, "http://x").searchParams.get("position");
      for (const message of rest(position === null ? undefined : (JSON.parse(position) as Position))) {
        fake.stream0.tell(message);
      }
      expect(heard).toEqual(story());
    },
  );

  it("a page that is passed by keeps its stream", async () => {
    const { fake } = await streamingTab();
    hide(true);
    await vi.advanceTimersByTimeAsync(1_900);
    hide(false);
    await vi.advanceTimersByTimeAsync(60_000);
    expect([fake.streams.length, fake.stream0.isClosed]).toEqual([1, false]);
  });

  it("what a hidden page begins to follow is followed once it is seen", async () => {
    const { fake, live } = await streamingTab();
    hide(true);
    await vi.advanceTimersByTimeAsync(2_000);
    live.follow({ ...subject, number: 4 }, {});
    expect(fake.streams).toHaveLength(1);
    hide(false);
    expect(fake.streams.slice(1).map(({ path }) => path.split("?")[0])).toEqual([
      "/api/v1/projects/shop/pipelines/3/events",
      "/api/v1/projects/shop/pipelines/4/events",
    ]);
  });

  it("a page that was hidden for long tries a socket first", async () => {
    const { fake } = await streamingTab();
    hide(true);
    await vi.advanceTimersByTimeAsync(31 * 60_000);
    hide(false);
    expect([fake.streams.length, fake.sockets.length]).toEqual([1, 3]);
  });

  it("a tab that is opened behind another one takes no connection before it is seen", async () => {
    hide(true);
    const fake = new Fake();
    const live = new Live(fake, new Machine(() => 0.5));
    detach = live.attach();
    live.follow(subject, {});
    for (let n = 0; n < 2; n += 1) {
      fake.last.onclose?.({ code: 1006 });
      await vi.advanceTimersByTimeAsync(1000);
    }
    await vi.advanceTimersByTimeAsync(60_000);
    expect([fake.streams.length, live.standingOf(subject)]).toEqual([0, "connecting"]);
    hide(false);
    expect([fake.streams.length, fake.sockets.length]).toEqual([1, 2]);
  });
});
