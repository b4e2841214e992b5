// A repository for a story, and the host that tells of its pushes.
import { execFileSync } from "node:child_process";
import { createHmac, randomUUID } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Of nobody's settings: the author and everything else are said here. */
const ENV = {
  PATH: process.env.PATH,
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_SYSTEM: "/dev/null",
  GIT_AUTHOR_NAME: "Ann",
  GIT_AUTHOR_EMAIL: "ann@example.org",
  GIT_COMMITTER_NAME: "Ann",
  GIT_COMMITTER_EMAIL: "ann@example.org",
};

export class Repository {
  constructor(path) {
    this.path = path;
    mkdirSync(path, { recursive: true });
    this.git("init", "--quiet", "--initial-branch=main");
  }

  git(...args) {
    return execFileSync("git", ["-C", this.path, ...args], {
      env: ENV,
      encoding: "utf8",
      stdio: "pipe",
    }).trim();
  }

  /** Commits files, and gives the commit. */
  commit(message, files) {
    for (const [name, text] of Object.entries(files)) {
      const path = join(this.path, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
    this.git("add", "--all");
    this.git("commit", "--quiet", "--allow-empty", "--cleanup=verbatim", "-m", message);
    // For whoever reads it over HTTP.
    this.git("update-server-info");
    return this.git("rev-parse", "HEAD");
  }

  /** Makes a branch of what is there; false where git takes no such name. */
  branch(name) {
    try {
      this.git("branch", "--force", "--", name);
      return true;
    } catch {
      return false;
    }
  }
}

/** Tells the server of a push, as GitHub would; gives the status of its answer. */
export async function push({ hook, secret, branch, commit, message = "work" }) {
  const body = JSON.stringify({
    ref: `refs/heads/${branch}`,
    after: commit,
    head_commit: { message },
  });
  const signature = createHmac("sha256", secret).update(body).digest("hex");
  const response = await fetch(hook, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-github-event": "push",
      "x-github-delivery": randomUUID(),
      "x-hub-signature-256": `sha256=${signature}`,
    },
    body,
  });
  return response.status;
}
