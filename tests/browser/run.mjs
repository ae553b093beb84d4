// Starts a demo network in a temporary folder and runs the browser tests against it.
//   node tests/browser/run.mjs PATH-TO-INCAMERA [FILTER]

import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const [program, filter = ""] = process.argv.slice(2);
const data = fs.mkdtempSync(path.join(os.tmpdir(), "incamera-browser-"));

function freePort() {
  return new Promise((done) => {
    const socket = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = socket.address();
      socket.close(() => done(port));
    });
  });
}

const port = await freePort();
const server = spawn(program, ["demo", "--data", data, "--port", String(port)], {
  stdio: ["ignore", "pipe", "pipe"],
  // Many of these tests come from one address.
  env: { ...process.env, INCAMERA_IDENTITY__TRIES_PER_SOURCE: "100000", INCAMERA_DIAGNOSTICS__LEVEL: "warn" },
});
let said = "";
server.stdout.on("data", (chunk) => (said += chunk));
server.stderr.on("data", (chunk) => (said += chunk));

let code = 1;
try {
  const begun = Date.now();
  const answers = () =>
    new Promise((done) => {
      const socket = net.connect(port, "127.0.0.1", () => socket.end(() => done(true)));
      socket.on("error", () => done(false));
    });
  while (!(await answers())) {
    if (server.exitCode !== null || Date.now() - begun > 120_000) throw new Error(`the demo did not start\n${said}`);
    await new Promise((done) => setTimeout(done, 100));
  }
  const files = fs.readdirSync(here).filter((name) => name.endsWith(".test.mjs") && name.includes(filter)).sort();
  const env = { ...process.env, INCAMERA_BASE: `https://localhost:${port}`, INCAMERA_DATA: data };
  const tests = spawnSync(
    process.execPath,
    ["--test", "--test-concurrency=1", "--test-reporter=spec", ...files.map((name) => path.join(here, name))],
    { stdio: "inherit", env },
  );
  code = tests.status ?? 1;
  if (code !== 0) console.error(said.split("\n").slice(-20).join("\n"));
} catch (error) {
  console.error(error);
} finally {
  server.kill("SIGTERM");
  fs.rmSync(data, { recursive: true, force: true });
}
process.exit(code);
