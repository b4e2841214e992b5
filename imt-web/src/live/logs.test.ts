// Logs that are followed beside what they are of.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Fake, PIPELINE, type Said, story, subject } from "./fake";
import { Live } from "./live";
import { attemptLog, deploymentLog } from "./log";
import { Machine } from "./machine";
import type { Message, Piece, Position } from "./messages";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
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
