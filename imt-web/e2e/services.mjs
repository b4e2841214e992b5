// What `scripts/with-services` has started: an engine, a registry, a host that is reached over SSH, a provider of sign-ins.
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

const NAMES = ["IMT_TEST_IMAGE", "IMT_TEST_REGISTRY", "IMT_TEST_SSHD", "IMT_TEST_SSH_DIR", "IMT_TEST_OIDC"];

/** What there is of it; null where it was not started at all. */
export function services() {
  const found = NAMES.map((name) => process.env[name] ?? "");
  if (found.every((value) => value === "")) return null;
  const missing = NAMES.filter((_, place) => found[place] === "");
  if (missing.length > 0) throw new Error(`${missing.join(", ")} should be there as well`);
  const [image, registry, sshd, keys, provider] = found;
  const [host, port] = sshd.split(":");
  const home = join(keys, "home");
  return { image, registry, provider, host: { host, port, home, ...hostKeys(keys) }, gateway: gateway() };
}

/** What lets in to the host, and what it says of itself. */
function hostKeys(directory) {
  const told = execFileSync("ssh-keygen", ["-lf", join(directory, "host_ed25519.pub")], { encoding: "utf8" });
  return { fingerprint: told.split(/\s+/)[1], key: readFileSync(join(directory, "ed25519"), "utf8") };
}

export function docker(...args) {
  return execFileSync("docker", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
}

/** The address at which containers reach this machine. */
function gateway() {
  return docker("network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}");
}

const LISTS = [
  [
    ["ps", "--all"],
    ["rm", "--force", "--volumes"],
  ],
  [
    ["network", "ls"],
    ["network", "rm"],
  ],
  [
    ["volume", "ls"],
    ["volume", "rm"],
  ],
];

/** Everything that a compose project has on the engine: containers, networks, volumes. */
function ofProject(name) {
  const filter = `label=com.docker.compose.project=${name}`;
  return LISTS.map(([list, remove]) => {
    const found = docker(...list, "--quiet", "--filter", filter);
    return { remove, ids: found.split("\n").filter((id) => id !== "") };
  });
}

/** Throws where somebody has a project of this name already. */
export function demandFree(name) {
  if (ofProject(name).every(({ ids }) => ids.length === 0)) return;
  throw new Error(
    `the engine has a compose project ${name}: remove it (docker compose --project-name ${name} down)`,
  );
}

/** Removes it, and what lies of it in the home of the host's user. */
export function removeProject(name, home) {
  rmSync(join(home, ".imt", name), { recursive: true, force: true });
  for (const { remove, ids } of ofProject(name)) if (ids.length > 0) docker(...remove, ...ids);
}
