// A demo network in a temporary folder: what the tests, the measurements and the pictures run against.

import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";

function freePort() {
  return new Promise((done) => {
    const socket = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = socket.address();
      socket.close(() => done(port));
    });
  });
}

/** Whether anything listens. */
function answers(port) {
  return new Promise((done) => {
    const socket = net.connect(port, "127.0.0.1", () => socket.end(() => done(true)));
    socket.on("error", () => done(false));
  });
}

/** A running demo over the folder `data`, which it makes where there is none. */
export async function started(program, data) {
  const port = await freePort();
  const server = spawn(program, ["demo", "--data", data, "--port", String(port)], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      // Many of these log-ins come from one address. How dear one is, is not what is looked at here: the least that
      // the settings allow.
      INCAMERA_IDENTITY__TRIES_PER_SOURCE: "100000",
      INCAMERA_IDENTITY__ARGON2_MEMORY_KIB: "19456",
      INCAMERA_IDENTITY__ARGON2_PASSES: "2",
      INCAMERA_DIAGNOSTICS__LEVEL: "warn",
    },
  });
  let said = "";
  server.stdout.on("data", (chunk) => (said += chunk));
  server.stderr.on("data", (chunk) => (said += chunk));
  const ended = new Promise((done) => server.on("exit", done));
  const demo = {
    /** What `house.mjs` reads. */
    variables: { INCAMERA_BASE: `https://localhost:${port}`, INCAMERA_DATA: data },
    /** The end of what it said. */
    said: () => said.split("\n").slice(-20).join("\n"),
    stop: () => (server.kill("SIGTERM"), ended),
  };
  const begun = Date.now();
  while (!(await answers(port))) {
    if (server.exitCode !== null || Date.now() - begun > 120_000) {
      await demo.stop();
      throw new Error(`the demo did not start: ${demo.said()}`);
    }
    await new Promise((done) => setTimeout(done, 50));
  }
  return demo;
}

/** Does `work` with a temporary folder, which is then taken away. */
export async function inFolder(work) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "incamera-browser-"));
  try {
    return await work(folder);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Makes a demo once and gives a function that starts a copy of it: each begins with the same, and none disturbs another. */
export async function copies(program, folder) {
  const first = path.join(folder, "first");
  await (await started(program, first)).stop();
  let count = 0;
  return () => {
    const data = path.join(folder, `copy-${(count += 1)}`);
    // Keys are refused whose mode is another.
    execFileSync("cp", ["-a", first, data]);
    return started(program, data);
  };
}

/** Starts a demo and does `work` with the variables that `house.mjs` reads; then ends it. What it said is told if that fails. */
export async function withDemo(program, work) {
  let code = 1;
  try {
    code = await inFolder(async (folder) => {
      const demo = await started(program, path.join(folder, "demo"));
      const failed = await work(demo.variables).catch((error) => (console.error(error), 1));
      if (failed) console.error(demo.said());
      await demo.stop();
      return failed;
    });
  } catch (error) {
    console.error(error);
  }
  process.exit(code);
}
