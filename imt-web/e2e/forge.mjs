// The host of the repositories of a story: whoever asks gets what is in them, over HTTP.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join, normalize } from "node:path";

export class Forge {
  #server;
  #repositories = new Map();

  /** One that listens on the loopback. */
  static async start() {
    const forge = new Forge();
    forge.#server = createServer((request, response) => void forge.#answer(request, response));
    await new Promise((done) => forge.#server.listen(0, "127.0.0.1", done));
    return forge;
  }

  /** Serves a repository, and gives the address to clone it by. */
  add(name, repository) {
    this.#repositories.set(`/acme/${name}.git`, join(repository.path, ".git"));
    return `http://127.0.0.1:${this.#server.address().port}/acme/${name}.git`;
  }

  close() {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request, response) {
    const path = normalize(new URL(request.url, "http://forge").pathname);
    const found = [...this.#repositories].find(([name]) => path.startsWith(`${name}/`));
    const file = found && (await readFile(join(found[1], path.slice(found[0].length))).catch(() => null));
    response.writeHead(file ? 200 : 404).end(file ?? undefined);
  }
}
