// Where jobs wait until the story lets them go on.
import { existsSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

/** For jobs on this machine: files in a directory. Once that is gone, nobody waits any more. */
export class FileGates {
  #directory;

  constructor(directory) {
    this.#directory = directory;
  }

  /** The command that waits. */
  awaiting(gate) {
    return `while [ -d ${this.#directory} ] && [ ! -e ${join(this.#directory, gate)} ]; do sleep 0.05; done`;
  }

  open(gate) {
    const file = join(this.#directory, gate);
    if (!existsSync(file)) writeFileSync(file, "");
  }

  close() {}
}

/** For what runs in containers: answers that come once a gate is open. */
export class HttpGates {
  #server;
  #open = new Set();
  #waiting = new Map();

  /** `address`: one of this machine that containers reach. */
  static async start(address) {
    const gates = new HttpGates();
    gates.#server = createServer((request, response) => gates.#hear(request.url.slice(1), response));
    // Nobody is sent away for waiting long.
    gates.#server.requestTimeout = 0;
    await new Promise((done, failed) => {
      gates.#server.on("error", failed);
      gates.#server.listen(0, address, done);
    });
    return gates;
  }

  awaiting(gate) {
    const { address, port } = this.#server.address();
    return `wget -q -O /dev/null http://${address}:${port}/${gate}`;
  }

  open(gate) {
    this.#open.add(gate);
    for (const response of this.#waiting.get(gate) ?? []) response.end("open");
    this.#waiting.delete(gate);
  }

  close() {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #hear(gate, response) {
    if (this.#open.has(gate)) return response.end("open");
    this.#waiting.set(gate, [...(this.#waiting.get(gate) ?? []), response]);
  }
}
