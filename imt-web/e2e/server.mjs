// The server of a story: started on a free port with nothing around it, killed, and started again where it was.
import { spawn } from "node:child_process";
import { createServer } from "node:net";

/** How long a start may take: a debug build on a busy machine is slow. */
const START_MS = 60_000;

export class Server {
  #program;
  #options;
  #env;
  #port;
  #child = null;
  #said = "";

  constructor(program, port, options, env) {
    this.#program = program;
    this.#options = options;
    this.#env = env;
    this.#port = port;
  }

  /** `options` is what it is told, `env` what it finds, besides what each of them is. */
  static async within(program, directory, options, env = {}) {
    return new Server(program, await freePort(), { "data-dir": directory, ...options }, env);
  }

  get base() {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** What makes whoever opens it, and signs in at a provider, the administrator. */
  get setUpLink() {
    return /(\S*setup=\S+)/.exec(this.#said)?.[1] ?? "";
  }

  /** Gives the link that signs in. */
  async start() {
    const options = Object.entries({
      ...this.#options,
      listen: `127.0.0.1:${this.#port}`,
      runners: "2",
      "rate-limits": "false",
      "reconcile-seconds": "0",
    });
    // Nothing of the settings of whoever runs this.
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !name.startsWith("IMT_") && !name.startsWith("GIT_")),
    );
    this.#said = "";
    const child = spawn(
      this.#program,
      options.flatMap(([name, value]) => [`--${name}`, value]),
      { env: { ...env, ...this.#env }, stdio: ["ignore", "pipe", "pipe"] },
    );
    this.#child = child;
    const link = new Promise((found, lost) => {
      const hear = (piece) => {
        this.#said += String(piece);
        const link = /sign in: (\S+)/.exec(this.#said)?.[1];
        if (link !== undefined) found(link);
      };
      child.stdout.on("data", hear);
      child.stderr.on("data", hear);
      child.on("error", lost);
      child.on("exit", (code) => lost(new Error(`the server has ended (${code}):\n${this.#said}`)));
      setTimeout(() => lost(new Error(`the server printed no link:\n${this.#said}`)), START_MS).unref();
    });
    return await link;
  }

  /** For whoever cannot wait: it is told to end. */
  kill() {
    this.#child?.kill("SIGKILL");
  }

  /** Ends it at once, or in order, and waits until it is gone. */
  async end(signal) {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((done) => child.once("exit", done));
    child.kill(signal);
    await gone;
  }
}

function freePort() {
  return new Promise((found, lost) => {
    const server = createServer();
    server.on("error", lost);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => found(port));
    });
  });
}
