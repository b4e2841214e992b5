// The two parts of the story, each with a server of its own: that of one user, whose jobs run on his machine, and that of many,
// with containers, a provider of sign-ins and a host to deploy to.
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { ALONE, RUNS } from "./acts.mjs";
import { Browsers } from "./browser.mjs";
import { DEPLOYING } from "./deploying-acts.mjs";
import { Forge } from "./forge.mjs";
import { FileGates, HttpGates } from "./gates.mjs";
import { HOSTILE_ACTS } from "./hostile-acts.mjs";
import { LOGS } from "./log-acts.mjs";
import { OTHERS } from "./other-projects.mjs";
import { PEOPLE, signInAtProvider } from "./people-acts.mjs";
import { Repository } from "./repository.mjs";
import { demandFree, docker, removeProject } from "./services.mjs";
import { Server } from "./server.mjs";
import { SETTINGS } from "./settings-acts.mjs";
import { awaiting, CHATTER, Shop } from "./shop.mjs";
import { STREAMS } from "./streams-acts.mjs";
import { TOO_MUCH } from "./too-much-acts.mjs";

const PROJECT = "shop";

/** What compose calls what runs of it. */
const DEPLOYED = "shop-production";

/** `given`: the server's program, a directory for everything, and built pages to show in place of the server's. */
export async function alone({ program, directory, pages }) {
  const server = await Server.within(program, join(directory, "data"), { executor: "local" });
  const repository = new Repository(join(directory, PROJECT));
  const gates = new FileGates(directory);
  return {
    acts: { ...ALONE, ...HOSTILE_ACTS, ...LOGS, ...STREAMS, ...TOO_MUCH },
    server,
    repository,
    address: repository.path,
    browsers: new Browsers(server.base, { pages }),
    gates,
    awaiting: (gate) => gates.awaiting(gate),
    files: {},
    chatter: [],
    file: plainFile,
    end: () => server.kill(),
  };
}

function plainFile({ test }) {
  return [
    "stages: [build, test]",
    "image: alpine",
    "jobs:",
    "  compile: { stage: build, script: echo compiled }",
    "  unit:",
    "    stage: test",
    "    script:",
    ...test.map((item) => `      - ${JSON.stringify(item)}`),
    "",
  ].join("\n");
}

/** With what `scripts/with-services` has started. */
export async function together({ program, directory, pages }, services) {
  demandFree(DEPLOYED);
  // Else a job that comes first would say that it fetches it, and pictures differed.
  docker("pull", "--quiet", services.image);
  const { provider } = services;
  const options = {
    executor: "docker",
    "allow-private-networks": "true",
    "oidc-name": "id",
    "oidc-issuer": provider,
    "oidc-client-id": "imt",
  };
  // In a file: others look through the environments of all processes for it.
  const secret = join(directory, "client-secret");
  writeFileSync(secret, "secret-of-the-tests", { mode: 0o600 });
  // Neither its own user's settings nor his logins are of any use to it.
  const env = { HOME: directory, IMT_SERVER_OIDC_CLIENT_SECRET_FILE: secret };
  const server = await Server.within(program, join(directory, "data"), options, env);
  const repository = new Repository(join(directory, PROJECT));
  const forge = await Forge.start();
  const gates = await HttpGates.start(services.gateway);
  const shop = await Shop.of(repository, services, gates);
  return {
    isPictured: true,
    directory,
    acts: {
      "sign in at the provider": signInAtProvider,
      ...RUNS,
      ...OTHERS,
      ...SETTINGS,
      ...DEPLOYING,
      ...PEOPLE,
    },
    server,
    repository,
    services,
    forge,
    shop,
    address: forge.add(PROJECT, repository),
    browsers: new Browsers(server.base, { pages, provider }),
    gates,
    awaiting,
    files: shop.files({ version: 1 }),
    chatter: CHATTER,
    file: (jobs) => shop.pipeline(jobs),
    end: () => {
      server.kill();
      forge.close();
      gates.close();
      removeProject(DEPLOYED, services.host.home);
    },
  };
}
