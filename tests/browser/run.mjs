// Runs the browser tests: each file against a demo network of its own, some files at a time.
//   node tests/browser/run.mjs PATH-TO-INCAMERA [FILTER]
// BROWSER_LANES says how many at a time; as many as there are processors, but at most three, if not said.

import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { copies, inFolder } from "./demo.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const [given, filter = ""] = process.argv.slice(2);
const program = path.resolve(given);
const lanes = Number(process.env.BROWSER_LANES ?? Math.min(3, os.availableParallelism()));
/** Those that take longest begin first, so that no lane is left with one of them at the end. */
const LONG = ["pages", "hostile", "french", "observers"];

const rank = (name) => (LONG.indexOf(name.split(/[-.]/)[0]) + LONG.length + 1) % (LONG.length + 1);

/** Runs one file: what it printed, whether it passed, and how long it took. */
async function run(name, copy) {
  const begun = Date.now();
  const demo = await copy();
  const env = { ...process.env, ...demo.variables, INCAMERA_PROGRAM: program };
  const args = ["--test", "--test-reporter=spec", path.join(here, name)];
  const tests = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"], env });
  let printed = "";
  for (const stream of [tests.stdout, tests.stderr]) stream.setEncoding("utf8").on("data", (chunk) => (printed += chunk));
  const passed = (await new Promise((done) => tests.on("close", done))) === 0;
  await demo.stop();
  if (!passed) printed += `The demo said at last:\n${demo.said()}\n`;
  return { name, printed, passed, seconds: (Date.now() - begun) / 1000 };
}

const begun = Date.now();
const results = await inFolder(async (folder) => {
  const copy = await copies(program, folder);
  const made = (Date.now() - begun) / 1000;
  const queue = fs.readdirSync(here).filter((name) => name.endsWith(".test.mjs") && name.includes(filter)).sort();
  queue.sort((a, b) => rank(a) - rank(b));
  const done = [{ name: "(making the demo)", passed: true, seconds: made }];
  const lane = async () => {
    for (let name = queue.shift(); name; name = queue.shift()) {
      const result = await run(name, copy);
      console.log(`\n== ${name}\n${result.printed}`);
      done.push(result);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return done;
});

console.log("== Seconds by file");
for (const { name, passed, seconds } of results.sort((a, b) => b.seconds - a.seconds)) {
  console.log(`${name.padEnd(28)} ${seconds.toFixed(1).padStart(7)}${passed ? "" : "  FAILED"}`);
}
console.log(`${"all, side by side".padEnd(28)} ${((Date.now() - begun) / 1000).toFixed(1).padStart(7)}`);
process.exit(results.length > 1 && results.every((one) => one.passed) ? 0 : 1);
