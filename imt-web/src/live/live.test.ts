// The connection against a server that loses it at every point.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Live, type Surroundings } from "./live";
import { Machine } from "./machine";
import { attemptLog, deploymentLog } from "./log";
import type { Message, Piece, Position, Subject } from "./messages";

const subject: Subject = { kind: "pipeline", project: "shop", number: 3 };
const PIPELINE = "01890000-0000-7000-8000-000000000000";

/** What a pipeline with two jobs side by side tells, in order. */
function story(): (Message & { position?: Position })[] {
  const told: (Message & { position?: Position })[] = [];
  let event = 40;
  const logs: Record<string, number> = {};
  const happen = (type: string, change?: () => void): void => {
    change?.();
    event += 1;
    told.push({
      type: "event",
      change: { at: "2026-01-01T00:00:00Z", kind: { type } },
      position: { event, logs: { ...logs } },
    });
  };
  const print = (job: number, text: string): void => {
    const attempt = `${PIPELINE}.${job}.1`;
    const offset = logs[attempt] ?? 0;
    logs[attempt] = offset + text.length;
    told.push({
      type: "log",
      job,
      attempt: 1,
      offset,
      line: 0,
      stream: "stdout",
      at: "2026-01-01T00:00:00Z",
      text,
      position: { event, logs: { ...logs } },
    });
  };
  happen("pipeline_started");
  for (const job of [0, 1]) happen("attempt_created", () => (logs[`${PIPELINE}.${job}.1`] = 0));
  for (const n of [1, 2, 3]) {
    print(0, `a${n}\n`);
    print(1, `b${n}\n`);
  }
  for (const job of [0, 1])
    happen("attempt_ended", () => Reflect.deleteProperty(logs, `${PIPELINE}.${job}.1`));
  happen("pipeline_ended");
  return [...told, { type: "end" }];
}

interface Said {
  type: string;
  id: number;
  position?: Position;
  jobs?: number[];
}

class FakeSocket {
  onopen: (() => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  readonly said: Said[] = [];
  isClosedByUs = false;

  send(text: string): void {
    this.said.push(JSON.parse(text) as Said);
  }
  close(): void {
    this.isClosedByUs = true;
  }
  tell(message: object): void {
    this.onmessage?.({ data: JSON.stringify({ id: this.said.at(-1)?.id, ...message }) });
  }
  follow(): Said {
    const said = this.said.findLast((said) => said.type.startsWith("follow"));
    if (!said) throw new Error("nothing is followed");
    return said;
  }
}

class FakeStream extends EventTarget {
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  isClosed = false;
  constructor(readonly path: string) {
    super();
  }
  close(): void {
    this.isClosed = true;
  }
  tell(message: Message): void {
    this.dispatchEvent(new MessageEvent(message.type, { data: JSON.stringify(message) }));
  }
}

class Fake implements Surroundings {
  readonly sockets: FakeSocket[] = [];
  readonly streams: FakeStream[] = [];
  asked = 0;
  status: number | null = 200;

  socket(): WebSocket {
    this.sockets.push(new FakeSocket());
    return this.last as unknown as WebSocket;
  }
  stream(path: string): EventSource {
    const stream = new FakeStream(path);
    this.streams.push(stream);
    return stream as unknown as EventSource;
  }
  ask(): Promise<number> {
    this.asked += 1;
    return this.status === null ? Promise.reject(new Error("away")) : Promise.resolve(this.status);
  }
  get last(): FakeSocket {
    const last = this.sockets.at(-1);
    if (!last) throw new Error("no socket was opened");
    return last;
  }
  get stream0(): FakeStream {
    const last = this.streams.at(-1);
    if (!last) throw new Error("no stream was opened");
    return last;
  }
}

/** What of the story a server tells who has come as far as `position`. */
function rest(position: Position | undefined): Message[] {
  const whole = story();
  if (!position) return whole;
  const at = whole.findIndex((message) => JSON.stringify(message.position) === JSON.stringify(position));
  if (at < 0) throw new Error("this position was never told");
  return whole.slice(at + 1);
}

function begin(): { fake: Fake; live: Live; heard: Message[]; standings: string[]; leave: () => void } {
  const fake = new Fake();
  const live = new Live(fake, new Machine(() => 0.5));
  const heard: Message[] = [];
  const standings: string[] = [];
  const leave = live.follow(subject, {
    message: (message) => heard.push(message),
    standing: (standing) => standings.push(standing),
  });
  return { fake, live, heard, standings, leave };
}

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

/** What a server tells of the story that is asked for so: the events after the position, and the logs of these jobs. */
function toldTo(said: Pick<Said, "position" | "jobs">): Message[] {
  const position = said.position ?? { event: 0, logs: {} };
  const open = new Map(Object.entries(position.logs ?? {}));
  const told: Message[] = [];
  let event = position.event;
  for (const message of story()) {
    if (message.type === "event") {
      if (message.position.event <= position.event) continue;
      event = message.position.event;
      for (const name of Object.keys(message.position.logs ?? {})) if (!open.has(name)) open.set(name, 0);
      for (const name of open.keys()) if (message.position.logs?.[name] === undefined) open.delete(name);
    } else if (message.type === "log") {
      const name = `${PIPELINE}.${message.job}.1`;
      const end = message.position.logs?.[name] ?? 0;
      if (!said.jobs?.includes(message.job ?? -1) || end <= (open.get(name) ?? Infinity)) continue;
      open.set(name, end);
    }
    const now: Position = { event, logs: Object.fromEntries(open) };
    told.push(message.type === "event" || message.type === "log" ? { ...message, position: now } : message);
  }
  return told;
}

describe("the log of a job", () => {
  const of = (job: number) => ({ project: "shop", pipeline: 3, job, attempt: 1, pipelineId: PIPELINE });
  const textOf = (piece: Piece): string => ("text" in piece ? piece.text : "");

  /** A page that follows the pipeline, and whatever log it is told to show; the server tells it so many messages at a time. */
  function page(): {
    fake: Fake;
    live: Live;
    events: Message[];
    tell: (messages: number) => void;
  } {
    const fake = new Fake();
    const live = new Live(fake, new Machine(() => 0.5));
    const events: Message[] = [];
    live.follow(subject, { message: (message) => message.type === "event" && events.push(message) });
    let [asked, at]: [Said | null, number] = [null, 0];
    const tell = (messages: number): void => {
      for (let n = 0; n < messages; n += 1) {
        const now = fake.last.follow();
        if (now !== asked) [asked, at] = [now, 0];
        const next = toldTo(now)[at++];
        if (next) fake.last.tell({ id: now.id, ...next });
      }
    };
    return { fake, live, events, tell };
  }

  it("is told to nobody who does not want it", () => {
    const { fake, live, events, tell } = page();
    const heard: Message[] = [];
    live.follow(subject, { message: (message) => heard.push(message) });
    fake.last.onopen?.();
    expect(fake.last.follow()).toMatchObject({ type: "follow", jobs: [] });
    tell(99);
    expect(heard.some((message) => message.type === "log")).toBe(false);
    expect(events).toHaveLength(6);
  });

  it.each(Array.from({ length: 8 }, (_, n) => n))(
    "is told from the byte on that is wanted, once, when that is said after %i messages",
    (when) => {
      const { fake, live, events, tell } = page();
      fake.last.onopen?.();
      tell(when);
      const pieces: Piece[] = [];
      attemptLog(live, of(1)).follow(3, (piece) => pieces.push(piece));
      tell(99);
      // Once the attempt has ended nothing more is told of it: then its log is read.
      expect(pieces.map(textOf).join("")).toBe(when < 5 ? "b2\nb3\n" : "");
      expect(events).toHaveLength(6);
      if (when < 3) expect(fake.last.said.map((said) => said.type)).toEqual(["follow", "leave", "follow"]);
    },
  );

  it("goes on where it was after each loss, and so do the events", async () => {
    for (let lost = 0; lost < 14; lost += 1) {
      const { fake, live, events, tell } = page();
      const pieces: Piece[] = [];
      attemptLog(live, of(0)).follow(0, (piece) => pieces.push(piece));
      fake.last.onopen?.();
      tell(lost);
      fake.last.onclose?.({ code: 1012 });
      await vi.advanceTimersByTimeAsync(1000);
      fake.last.onopen?.();
      tell(99);
      expect([lost, pieces.map(textOf).join("")]).toEqual([lost, "a1\na2\na3\n"]);
      expect(events).toHaveLength(6);
    }
  });

  it("gives way to that of another job, and comes back where it is wanted from", () => {
    const { fake, live, events, tell } = page();
    fake.last.onopen?.();
    const [zero, one]: Piece[][] = [[], []];
    const leave = attemptLog(live, of(0)).follow(0, (piece) => zero?.push(piece));
    tell(4);
    leave();
    expect(fake.last.follow()).toMatchObject({ jobs: [] });
    const leaveOne = attemptLog(live, of(1)).follow(3, (piece) => one?.push(piece));
    expect(fake.last.follow()).toMatchObject({ jobs: [1], position: { logs: { [`${PIPELINE}.1.1`]: 3 } } });
    tell(1);
    attemptLog(live, of(0)).follow(6, (piece) => zero?.push(piece));
    leaveOne();
    expect(fake.last.follow()).toMatchObject({ jobs: [0], position: { logs: { [`${PIPELINE}.0.1`]: 6 } } });
    tell(99);
    expect(zero?.map(textOf)).toEqual(["a1\n", "a3\n"]);
    expect(one?.map(textOf)).toEqual(["b2\n"]);
    expect(events).toHaveLength(6);
  });

  it("comes by server-sent events as well", async () => {
    const { fake, live, events } = page();
    const pieces: Piece[] = [];
    attemptLog(live, of(1)).follow(3, (piece) => pieces.push(piece));
    for (let n = 0; n < 2; n += 1) {
      fake.last.onclose?.({ code: 1006 });
      await vi.advanceTimersByTimeAsync(1000);
    }
    const asked = (): Pick<Said, "position" | "jobs"> => {
      const query = new URL(fake.stream0.path, "http://x").searchParams;
      const [jobs, position] = [query.get("jobs") ?? "none", query.get("position")];
      return {
        jobs: jobs === "" ? [] : jobs.split(",").map(Number),
        ...(position === null ? {} : { position: JSON.parse(position) as Position }),
      };
    };
    const first = fake.stream0;
    for (const message of toldTo(asked())) first.tell(message);
    expect(first.isClosed).toBe(true);
    expect(asked().jobs).toEqual([1]);
    for (const message of toldTo(asked())) fake.stream0.tell(message);
    expect(pieces.map(textOf).join("")).toBe("b2\nb3\n");
    expect(events).toHaveLength(6);
  });
});

describe("the log of a deployment", () => {
  it("is told from the byte on that is wanted, and no longer than it is", () => {
    const fake = new Fake();
    const live = new Live(fake, new Machine(() => 0.5));
    const events: Message[] = [];
    live.follow(
      { kind: "deployment", project: "shop", number: 7 },
      { message: (message) => message.type === "event" && events.push(message) },
    );
    fake.last.onopen?.();
    const far = Number.MAX_SAFE_INTEGER;
    expect(fake.last.follow()).toMatchObject({ type: "follow_deployment", position: { event: 0, log: far } });
    const event = { type: "event", change: { at: "2030-01-01T00:00:00Z", kind: { type: "x" } } };
    fake.last.tell({ ...event, position: { event: 5, log: far } });
    const pieces: Piece[] = [];
    const leave = deploymentLog(live, "shop", 7).follow(10, (piece) => pieces.push(piece));
    const asked = fake.last.follow();
    expect(asked).toMatchObject({ position: { event: 5, log: 10 } });
    const piece = { type: "log", line: 0, stream: "system", at: "2030-01-01T00:00:00Z", text: "abc" };
    const old = fake.last.said[0];
    fake.last.tell({ ...piece, id: old?.id, offset: 0, position: { event: 5, log: 3 } });
    fake.last.tell({ ...piece, id: asked.id, offset: 10, position: { event: 5, log: 13 } });
    fake.last.tell({ ...piece, id: asked.id, offset: 10, position: { event: 5, log: 13 } });
    leave();
    expect(fake.last.follow()).toMatchObject({ position: { event: 5, log: far } });
    expect(pieces.map((told) => told.offset)).toEqual([10]);
    expect(events).toHaveLength(1);
  });
});
