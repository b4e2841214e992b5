// Makes `src/api/schema.d.ts` of `openapi.json`, or, with `--check`, fails when it is another one.
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import openapiTS, { astToString } from "openapi-typescript";
import prettier from "prettier";

const document = new URL("../openapi.json", import.meta.url);
const types = new URL("../src/api/schema.d.ts", import.meta.url);
const heading = "// Made of openapi.json by `npm run generate`: change nothing here.\n\n";

const api = JSON.parse(await readFile(document, "utf8"));

const options = await prettier.resolveConfig(fileURLToPath(types));
const source = heading + astToString(await openapiTS(api));
const made = await prettier.format(source, { ...options, plugins: [], parser: "typescript" });

if (process.argv.includes("--check")) {
  const there = await readFile(types, "utf8").catch(() => "");
  if (made !== there) {
    console.error("src/api/schema.d.ts is not what openapi.json makes: npm run generate");
    process.exit(1);
  }
} else {
  await writeFile(types, made);
}
