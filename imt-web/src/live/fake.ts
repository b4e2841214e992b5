// A server and the browser's ways to it, for tests: it tells one story, and loses the connection wherever a test wants it to.
import { Live, type Surroundings } from "./live";
import { Machine } from "./machine";
import type { Message, Position, Subject } from "./messages";

export const subject: Subject = { kind: "pipeline", project: "shop", number: 3 };
export const PIPELINE = "01890000-0000-7000-8000-000000000000";

/** What a pipeline with two jobs side by side tells, in order. */
export function story(): (Message & { position?: Position })[] {
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

export interface Said {
  type: string;
  id: number;
  position?: Position;
  jobs?: number[];
}

export class FakeSocket {
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

export class FakeStream extends EventTarget {
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

export class Fake implements Surroundings {
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
export function rest(position: Position | undefined): Message[] {
  const whole = story();
  if (!position) return whole;
  const at = whole.findIndex((message) => JSON.stringify(message.position) === JSON.stringify(position));
  if (at < 0) throw new Error("this position was never told");
  return whole.slice(at + 1);
}

export function begin(): {
  fake: Fake;
  live: Live;
  heard: Message[];
  standings: string[];
  leave: () => void;
} {
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
