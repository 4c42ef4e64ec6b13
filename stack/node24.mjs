// Plain JavaScript without dependencies: it runs in a fresh clone, on whatever Node is there.
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const oldestNode = 20;
export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, "node_modules", ".bin");

/** Installs what the lock file names if it is not there yet, and answers the environment to run it in. */
export async function ready() {
  const [major] = process.versions.node.split(".");
  if (Number(major) < oldestNode) {
    console.error(
      `Prism needs Node ${oldestNode} or newer to start; this is ${process.version}. See https://nodejs.org`,
    );
    process.exit(1);
  }
  if (!installed()) await exclusively(install);
  return { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ""}`, PRISM_BOOTSTRAP: "1" };
}

/** Runs a file or a package's program on Node 24 in our place: same terminal, same signals, and its exit code is ours. */
export const node24 = (args, env) => inOurPlace(join(bin, "node"), args, env);

/** A program of node_modules/.bin; answers its exit code. */
export const program = (name, args, env) => inOurPlace(join(bin, name), args, env);

function inOurPlace(command, args, env) {
  const child = spawn(command, args, { cwd: process.cwd(), env, stdio: "inherit" });
  const forward = (signal) => {
    // A terminal gives Ctrl-C to the child itself; twice would mean "at once".
    if (signal === "SIGINT" && process.stdin.isTTY) return;
    child.kill(signal);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, forward);
  const watch = orphaned(() => child.kill("SIGTERM"));
  return new Promise((resolve) => {
    child.once("error", (error) => {
      console.error(`cannot run ${command}: ${error.message}`);
      resolve(1);
    });
    child.once("exit", (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  }).finally(() => {
    clearInterval(watch);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.off(signal, forward);
  });
}

/**
 * An npm that was killed tells nobody: what it ran must notice by itself. Between npm and
 * us there may be the shell that npm runs scripts in, and that one lives on.
 */
function orphaned(stop) {
  if (process.env.npm_lifecycle_event === undefined) return undefined;
  const parent = processOf(process.ppid);
  const shell = parent?.command.includes("bootstrap.mjs") ? parent : undefined;
  const gone = () => process.ppid !== parent?.pid || (shell && processOf(shell.pid)?.parent !== shell.parent);
  return setInterval(() => gone() && stop(), 1000).unref();
}

function processOf(pid) {
  try {
    if (process.platform !== "linux") {
      const [parent, ...command] = execFileSync("ps", ["-o", "ppid=,command=", "-p", pid], {
        encoding: "utf8",
      })
        .trim()
        .split(/\s+/);
      return { pid, parent: Number(parent), command: command.join(" ") };
    }
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    return { pid, parent, command: readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ") };
  } catch {
    return undefined;
  }
}

/**
 * npm writes its own lock file into node_modules as the last thing it does: an install that
 * was interrupted has none, one of an older lock file names other versions.
 */
function installed() {
  try {
    const wanted = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
    const found = JSON.parse(readFileSync(join(root, "node_modules", ".package-lock.json"), "utf8")).packages;
    const same = ([path, { version, integrity, optional, link }]) =>
      path === "" || link || (optional && !found[path])
        ? true
        : found[path]?.version === version && found[path]?.integrity === integrity;
    return Object.entries(wanted).every(same) && existsSync(join(bin, "node"));
  } catch {
    return false;
  }
}

async function install() {
  if (installed()) return;
  console.error("installing Prism's packages (npm ci), once per lock file");
  const npm = process.env.npm_execpath;
  const [command, first] = npm?.endsWith(".js") ? [process.execPath, [npm]] : ["npm", []];
  // Warnings about the Node that installs are beside the point: what is installed runs on Node 24.
  const args = [...first, "ci", "--include=dev", "--include=optional", "--loglevel=error"];
  // Standard output belongs to whatever runs next.
  const child = spawn(command, args, { cwd: root, stdio: ["ignore", 2, 2] });
  const code = await new Promise((resolve) => {
    child.once("error", () => resolve(127));
    child.once("exit", (status, signal) => resolve(status ?? 128 + constants.signals[signal]));
  });
  if (code === 0) return;
  console.error(`npm ci failed (exit code ${code})`);
  process.exit(code);
}

/** One install at a time; a holder that died or has shown no life for a minute holds nothing. */
async function exclusively(body) {
  const hash = createHash("sha256").update(root).digest("hex").slice(0, 16);
  const lock = join(tmpdir(), `prism-install-${hash}.lock`);
  for (let told = false; !take(lock); told = true) {
    if (!told) console.error("waiting for another process that installs Prism's packages");
    await sleep(200);
  }
  const beat = setInterval(() => utimesSync(lock, new Date(), new Date()), 5_000);
  const release = () => rmSync(lock, { force: true });
  process.once("exit", release);
  try {
    await body();
  } finally {
    clearInterval(beat);
    process.off("exit", release);
    release();
  }
}

function take(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
  }
  try {
    if (lives(Number(readFileSync(lock, "utf8"))) && Date.now() - statSync(lock).mtimeMs < 60_000)
      return false;
    rmSync(lock, { force: true });
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
  return false;
}

function lives(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === "EPERM";
  }
}
