// A demo network in a temporary folder: what the tests, the measurements and the pictures run against.

import { spawn } from "node:child_process";
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

/** Starts a demo and does `work` with the variables that `house.mjs` reads; then ends it. What it said is told if that fails. */
export async function withDemo(program, work) {
  const data = fs.mkdtempSync(path.join(os.tmpdir(), "incamera-browser-"));
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
    while (!(await answers(port))) {
      if (server.exitCode !== null || Date.now() - begun > 120_000) throw new Error("the demo did not start");
      await new Promise((done) => setTimeout(done, 100));
    }
    code = await work({ INCAMERA_BASE: `https://localhost:${port}`, INCAMERA_DATA: data });
  } catch (error) {
    console.error(error);
  } finally {
    if (code !== 0) console.error(said.split("\n").slice(-20).join("\n"));
    server.kill("SIGTERM");
    fs.rmSync(data, { recursive: true, force: true });
  }
  process.exit(code);
}
