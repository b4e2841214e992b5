// What stands between a browser and a server and lets no WebSocket through, as some proxies of companies do.
import { createServer, request } from "node:http";

export class NoSockets {
  #server;
  #streams = new Set();
  /** How many streams of events were open at once, at most. */
  most = 0;

  /** One that listens on the loopback and passes on to `base`. */
  static async before(base) {
    const proxy = new NoSockets();
    proxy.#server = createServer((asked, answer) => proxy.#pass(base, asked, answer));
    // Whoever asks for a socket gets the answer of a proxy that has never heard of them.
    proxy.#server.on("upgrade", (_, socket) => {
      // The browser may be gone by then.
      socket.on("error", () => socket.destroy());
      socket.end("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
    });
    await new Promise((done) => proxy.#server.listen(0, "127.0.0.1", done));
    return proxy;
  }

  get base() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  /** How many streams of events are open. */
  get streams() {
    return this.#streams.size;
  }

  close() {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #pass(base, asked, answer) {
    const { method, url, headers } = asked;
    const passed = request(new URL(url, base), { method, headers: { ...headers, host: new URL(base).host } });
    passed.on("response", (heard) => {
      answer.writeHead(heard.statusCode, heard.headers);
      heard.pipe(answer);
      // A server that is killed ends nothing in order.
      heard.on("error", () => answer.destroy());
    });
    passed.on("error", () => {
      if (answer.headersSent) answer.destroy();
      else answer.writeHead(502).end();
    });
    answer.on("close", () => {
      this.#streams.delete(answer);
      passed.destroy();
    });
    if (new URL(url, base).pathname.endsWith("/events")) {
      this.#streams.add(answer);
      this.most = Math.max(this.most, this.#streams.size);
    }
    asked.pipe(passed);
  }
}
