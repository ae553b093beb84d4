// Starts a demo network in a temporary folder and runs the browser tests against it.
//   node tests/browser/run.mjs PATH-TO-INCAMERA [FILTER]

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { withDemo } from "./demo.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const [program, filter = ""] = process.argv.slice(2);

await withDemo(program, (variables) => {
  const files = fs.readdirSync(here).filter((name) => name.endsWith(".test.mjs") && name.includes(filter)).sort();
  const tests = spawnSync(
    process.execPath,
    ["--test", "--test-concurrency=1", "--test-reporter=spec", ...files.map((name) => path.join(here, name))],
    { stdio: "inherit", env: { ...process.env, ...variables, INCAMERA_PROGRAM: path.resolve(program) } },
  );
  return tests.status ?? 1;
});
