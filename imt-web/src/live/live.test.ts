// The connection against a server that loses it at every point.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { begin, Fake, PIPELINE, rest, story, subject } from "./fake";
import { Live } from "./live";
import { Machine } from "./machine";
import type { Message } from "./messages";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a connection", () => {
  const length = story().length;

  it.each(Array.from({ length: length + 1 }, (_, n) => n))(
    "that is lost after %i messages repeats nothing and leaves nothing out",
    async (lost) => {
      for (const code of [1006, 1012, 1001]) {
        const { fake, heard, standings } = begin();
        fake.last.onopen?.();
        for (const message of rest(undefined).slice(0, lost)) fake.last.tell(message);
        fake.last.onclose?.({ code });
        await vi.advanceTimersByTimeAsync(1000);
        if (lost < length) {
          expect(fake.sockets).toHaveLength(2);
          expect(standings.at(-1)).toBe("away");
          fake.last.onopen?.();
          for (const message of rest(fake.last.follow().position)) fake.last.tell(message);
        }
        expect(heard).toEqual(story());
        expect(standings.at(-1)).toBe("over");
      }
    },
  );

  it("that is lost after each single message hears the whole story", async () => {
    const { fake, heard } = begin();
    for (let n = 0; n < length; n += 1) {
      fake.last.onopen?.();
      const [next] = rest(fake.last.follow().position);
      if (!next) throw new Error("there is more to tell");
      fake.last.tell(next);
      fake.last.onclose?.({ code: 1006 });
      await vi.advanceTimersByTimeAsync(60_000);
    }
    expect(heard).toEqual(story());
    expect(fake.sockets).toHaveLength(length);
  });

  it("drops what it was told already", () => {
    const { fake, heard } = begin();
    fake.last.onopen?.();
    const whole = story();
    for (const [n, message] of whole.entries()) {
      if (message.type === "end") break;
      // A server that begins anew in the middle of it.
      for (const again of whole.slice(0, n + 1)) fake.last.tell(again);
    }
    expect(heard).toHaveLength(whole.length - 1);
  });

  it("hears nothing of a socket that was given up", async () => {
    const { fake, heard } = begin();
    const first = fake.last;
    first.onopen?.();
    first.onclose?.({ code: 1006 });
    await vi.advanceTimersByTimeAsync(1000);
    first.tell(story()[0] ?? {});
    expect(heard).toEqual([]);
  });

  it("comes back at once when the server restarts, and then keeps trying", async () => {
    const { fake } = begin();
    fake.last.onopen?.();
    fake.last.onclose?.({ code: 1012 });
    await vi.advanceTimersByTimeAsync(150);
    expect(fake.sockets).toHaveLength(2);
    fake.status = null;
    for (let n = 0; n < 20; n += 1) {
      fake.last.onclose?.({ code: 1006 });
      await vi.advanceTimersByTimeAsync(15_000);
    }
    expect(fake.sockets).toHaveLength(22);
    expect(fake.streams).toHaveLength(0);
  });

  it("waits longer after each loss, at most 15 s", async () => {
    const { fake } = begin();
    fake.status = null;
    const waits: number[] = [];
    for (let n = 0; n < 9; n += 1) {
      const before = fake.sockets.length;
      fake.last.onclose?.({ code: 1006 });
      let waited = 0;
      while (fake.sockets.length === before) {
        await vi.advanceTimersByTimeAsync(125);
        waited += 125;
      }
      waits.push(waited);
    }
    expect(waits).toEqual([375, 750, 1500, 3000, 6000, 11250, 11250, 11250, 11250]);
  });

  it.each([
    [4401, "signed out"],
    [4403, "this may not be seen any more"],
  ])("closed with %i is not opened again", async (code, why) => {
    const fake = new Fake();
    const live = new Live(fake);
    const seen: string[] = [];
    live.follow(subject, { standing: (standing, detail) => seen.push(`${standing}: ${detail}`) });
    fake.last.onopen?.();
    fake.last.onclose?.({ code });
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(seen).toEqual(["live: ", "away: ", `refused: ${why}`]);
    expect(fake.sockets).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("that never opens because one is signed out says so", async () => {
    const { fake, standings } = begin();
    fake.status = 401;
    fake.last.onclose?.({ code: 1006 });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(standings).toEqual(["away", "refused"]);
    expect(fake.sockets).toHaveLength(1);
  });

  it("tells a refusal to whom it is about, and goes on with the others", () => {
    const fake = new Fake();
    const live = new Live(fake);
    const seen: string[] = [];
    live.follow(subject, { standing: (standing, detail) => seen.push(`3 ${standing} ${detail}`) });
    live.follow({ ...subject, number: 4 }, { standing: (standing) => seen.push(`4 ${standing}`) });
    fake.last.onopen?.();
    const [first] = fake.last.said;
    fake.last.tell({ id: first?.id, type: "refused", code: "not_found", detail: "there is none" });
    expect(seen).toEqual(["3 live ", "4 live", "3 refused there is none"]);
  });

  it("that is quiet is asked after, and given up where the server does not answer", async () => {
    const { fake, standings } = begin();
    fake.last.onopen?.();
    await vi.advanceTimersByTimeAsync(26_000);
    expect([fake.asked, fake.sockets.length]).toEqual([1, 1]);
    fake.status = null;
    await vi.advanceTimersByTimeAsync(26_000);
    expect(fake.sockets[0]?.isClosedByUs).toBe(true);
    expect(standings).toEqual(["live", "away"]);
    expect(fake.sockets).toHaveLength(2);
  });

  it("is shared, and one who leaves takes it from nobody", () => {
    const { fake, live, heard, leave } = begin();
    const others: Message[] = [];
    const leaveToo = live.follow(subject, { message: (message) => others.push(message) });
    fake.last.onopen?.();
    leave();
    for (const message of story().slice(0, 2)) fake.last.tell(message);
    expect([heard.length, others.length]).toEqual([0, 2]);
    leaveToo();
    expect(fake.last.said.map((said) => said.type)).toEqual(["follow", "leave"]);
  });

  it("goes on from the position of what is shown already", () => {
    const fake = new Fake();
    const from = { event: 44, logs: { [`${PIPELINE}.0.1`]: 3 } };
    new Live(fake).follow(subject, {}, from);
    fake.last.onopen?.();
    expect(fake.last.follow().position).toEqual(from);
  });

  it("that nobody looks at sleeps, and goes on where it was when somebody does", () => {
    const machine = new Machine();
    const kinds = (input: Parameters<Machine["step"]>[0]): string[] =>
      machine.step(input).map((put) => put.type);
    machine.step({ type: "follow", subject });
    machine.step({ type: "opened" });
    const [first] = story();
    machine.step({ type: "said", text: JSON.stringify({ id: 1, ...first }) });
    machine.step({ type: "hidden" });
    expect(kinds({ type: "timer", name: "sleep" })).toContain("close");
    expect(kinds({ type: "shown" })).toContain("open");
    const sent = machine.step({ type: "opened" }).find((put) => put.type === "send");
    expect(JSON.parse(sent?.text ?? "{}")).toMatchObject({ position: first?.position });
  });
});

it("a socket stays however often its page is hidden", () => {
  const machine = new Machine();
  machine.step({ type: "follow", subject });
  machine.step({ type: "opened" });
  expect(machine.step({ type: "hidden" })).toEqual([{ type: "set_timer", name: "sleep", ms: 30 * 60_000 }]);
  expect(machine.step({ type: "timer", name: "let_go" })).toEqual([]);
});
