// How the pages are built, and how they are served while one works on them.
// It knows nothing of what is in the pages.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { constants, gzipSync } from "node:zlib";

import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vitest/config";

const COMPRESSIBLE = /\.(?:css|html|js|json|svg|txt|webmanifest)$/;

/** Writes a `.gz` beside each asset that shrinks, so that the server has nothing to compress. */
function gzipBeside(): Plugin {
  let directory = "dist";
  return {
    name: "gzip-beside",
    apply: "build",
    configResolved(config) {
      directory = config.build.outDir;
    },
    async closeBundle() {
      const entries = await readdir(directory, { recursive: true, withFileTypes: true });
      for (const entry of entries) {
        if (!entry.isFile() || !COMPRESSIBLE.test(entry.name)) continue;
        const path = join(entry.parentPath, entry.name);
        const zipped = gzipSync(await readFile(path), { level: constants.Z_BEST_COMPRESSION });
        await writeFile(`${path}.gz`, zipped);
      }
    },
  };
}

/** The server that the pages talk to while one works on them. */
const server = process.env["IMT_SERVER"] ?? "http://127.0.0.1:8080";

// The server takes changes only from its own pages, which it knows by the origin.
const forwarded = { target: server, headers: { origin: new URL(server).origin } };

const proxy = {
  "/api": forwarded,
  "/auth": forwarded,
  "/badge": forwarded,
  "/ws": { ...forwarded, ws: true },
};

/** What the server sends with the pages: `npm run preview` shows whether they keep to it. */
const policy =
  "default-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

export default defineConfig({
  plugins: [react(), tailwindcss(), gzipBeside()],
  build: {
    target: "es2022",
    // An inlined asset would be a `data:` address, which the policy of the server forbids.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    host: "127.0.0.1",
    proxy,
  },
  preview: { host: "127.0.0.1", proxy, headers: { "content-security-policy": policy } },
  test: {
    environment: "happy-dom",
    // A script that a test puts into a page is not run, which is no mistake.
    environmentOptions: { happyDOM: { settings: { handleDisabledFileLoadingAsSuccess: true } } },
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["src/test-setup.ts"],
    restoreMocks: true,
    // With workers that are processes, others have seen vitest 4 wait without end for one that had ended unheard.
    pool: "threads",
    // A busy machine is slow, which says nothing about what is tested.
    testTimeout: 60_000,
  },
});
