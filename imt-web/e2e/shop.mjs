// The project that is deployed: two services that are built from it, a migration before they start, and jobs that say something.
import { createServer } from "node:net";

/** What a job of it prints on its way, as test runners do. */
export const CHATTER = ["sh ci/unit"];

/** The command of a job that waits for a gate. */
export const awaiting = (gate) => `sh ci/payment ${gate}`;

const UNIT = `#!/bin/sh
ok() { printf '\\033[32mok\\033[0m   %-44s %s\\n' "$1" "$2"; }
printf '\\033[1mtests/cart\\033[0m\\n'
ok 'an empty cart costs nothing' '2 ms'
ok 'two of a kind are counted once' '3 ms'
ok 'a voucher is taken once' '5 ms'
printf '\\033[1mtests/stock\\033[0m\\n'
ok 'what is sold out cannot be ordered' '4 ms'
printf '\\033[33mskip\\033[0m %-44s\\n' 'prices of tomorrow'
ok 'a cancelled order goes back on the shelf' '7 ms'
`;

/** Waits for a gate, its argument. */
const PAYMENT = (gate) => `#!/bin/sh
printf '\\033[1mtests/payment\\033[0m\\n'
for card in good expired stolen; do printf '\\033[32mok\\033[0m   a card that is %s\\n' "$card"; done
${gate}
`;

const COMPILE = `#!/bin/sh
for part in cart stock payment mail; do printf '\\033[36mcompiling\\033[0m shop/%s\\n' "$part"; done
echo "4 parts, no warning"
`;

const SERVE = `#!/bin/sh
# Whoever is the first process of a container is ended by nothing that it does not expect.
trap 'exit 0' TERM INT
version=$(cat /app/version)
mkdir -p /www
echo "Welcome to the shop (version $version)" >/www/index.html
if [ "$(cat /app/prices)" = broken ]; then echo "no prices: line 7 of /app/prices is none" >&2; else echo ok >/www/health; fi
httpd -f -p 8080 -h /www &
wait "$!"
`;

const WORK = `#!/bin/sh
trap 'exit 0' TERM INT
echo "at work"
while :; do sleep 1 & wait "$!"; done
`;

export class Shop {
  #repository;
  #services;
  #gates;
  #port;

  constructor(repository, services, gates, port) {
    this.#repository = repository;
    this.#services = services;
    this.#gates = gates;
    this.#port = port;
  }

  static async of(repository, services, gates) {
    return new Shop(repository, services, gates, await freePort());
  }

  /** A pipeline file with these commands as its tests; where it deploys, as whatever comes of it. */
  pipeline({ test, deploys = false }) {
    const hook = "{ service: web, command: [sh, /app/migrate] }";
    const deploy = ["deploy:", "  environment: production", "  stable_for: 1s", "  wait_timeout: 60s"];
    return [
      "stages: [build, test]",
      `image: ${this.#services.image}`,
      "concurrency: 2",
      "jobs:",
      "  compile: { stage: build, script: sh ci/compile }",
      "  style: { stage: build, script: 'true' }",
      "  pages: { stage: test, script: [echo 12 pages, echo no link leads nowhere] }",
      "  unit:",
      "    stage: test",
      "    script:",
      ...test.map((item) => `      - ${JSON.stringify(item)}`),
      ...(deploys ? [...deploy, `  hooks: { before: ${hook} }`] : []),
      "",
    ].join("\n");
  }

  /** What its repository has besides: a version, which may be one that never gets healthy. Its migration waits for a gate. */
  files({ version, isBroken = false }) {
    const { image } = this.#services;
    const dockerfile = (files) => `ARG BASE\nFROM \${BASE}\nCOPY ${files} /app/\n`;
    return {
      "ci/unit": UNIT,
      "ci/compile": COMPILE,
      "ci/payment": PAYMENT(this.#gates.awaiting("$1")),
      "docker-compose.yml": composeFile(image, this.#port, version),
      "web/Dockerfile": dockerfile("serve migrate version prices"),
      "web/serve": SERVE,
      "web/migrate": `echo "orders: a column for vouchers"\n${this.#gates.awaiting(`migration-${version}`)}\necho "orders: 3 rows, migrated to version ${version}"\n`,
      "web/version": `${version}\n`,
      "web/prices": isBroken ? "broken\n" : "good\n",
      "worker/Dockerfile": dockerfile("work"),
      "worker/work": WORK,
    };
  }

  /** Commits it, and gives the commit. */
  release(message, { version, isBroken }) {
    const pipeline = this.pipeline({ test: CHATTER, deploys: true });
    return this.#repository.commit(message, {
      ...this.files({ version, isBroken }),
      "pipeline.yml": pipeline,
    });
  }

  /** What it says to whoever visits it. */
  async page() {
    const answer = await fetch(`http://127.0.0.1:${this.#port}/`);
    return (await answer.text()).trim();
  }
}

function composeFile(image, port, version) {
  const build = (context) => `{ context: ${context}, args: { BASE: "${image}" } }`;
  return `services:
  web:
    build: ${build("web")}
    command: [sh, /app/serve]
    restart: unless-stopped
    environment: { SHOP_VERSION: "${version}" }
    ports: ["127.0.0.1:${port}:8080"]
    healthcheck:
      test: [CMD, wget, -q, -O, /dev/null, "http://127.0.0.1:8080/health"]
      interval: 1s
      timeout: 2s
      retries: 2
      start_period: 2s
  worker:
    build: ${build("worker")}
    command: [sh, /app/work]
    restart: unless-stopped
`;
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
