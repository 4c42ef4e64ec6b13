// What `npm start`, `npm test` and the other scripts of package.json call, in a plain clone.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { node24, program, ready, root } from "./node24.mjs";

const [mode, ...args] = process.argv.slice(2);

/** Every step runs, also after one that failed: a person wants to see all that is wrong. */
const checks = [
  ["format and lint", "biome", ["check", "."]],
  ["types", "tsc", ["--noEmit"]],
  ["fast tests and architecture", "vitest", ["run", "--project", "fast"]],
  ["protocol files", "buf", ["lint"]],
  ["dead code", "knip", []],
];

async function check(env) {
  const results = [];
  for (const [name, command, rest] of checks) {
    const began = performance.now();
    console.log(`\n── ${name}`);
    const code = await program(command, rest, env);
    results.push({ name, code, seconds: ((performance.now() - began) / 1000).toFixed(1) });
  }
  console.log("");
  for (const { name, code, seconds } of results) {
    console.log(`${code === 0 ? "✓" : "✗"} ${name.padEnd(28)} ${seconds.padStart(6)} s`);
  }
  return results.every(({ code }) => code === 0) ? 0 : 1;
}

const vitest = (rest, env) =>
  node24([join(root, "node_modules", "vitest", "vitest.mjs"), "run", ...rest], env);

/** The long proofs: so many seconds of writing under kills, logs in full size, the API fuzzed and crowded, workers killed. */
function soak(env) {
  const [seconds = "600", ...rest] = args;
  if (!(Number(seconds) > 0)) {
    console.error("usage: npm run soak -- [seconds, default 600] [arguments of vitest]");
    return 2;
  }
  // One after the other: each is to have the machine, and its figures are to say something.
  const projects = ["--project", "servers", "--project", "e2e", "--no-file-parallelism"];
  return vitest([...projects, ...longProofs(), ...rest], { ...env, PRISM_SOAK_SECONDS: seconds });
}

/** The test files that do more when they are told to soak. */
const longProofs = () =>
  readdirSync(join(root, "test"), { recursive: true })
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => join("test", file))
    .filter((file) => /\b(soaking|PRISM_SOAK_SECONDS)\b/.test(readFileSync(join(root, file), "utf8")));

const modes = {
  start: (env) => node24([join(root, "stack", "main.ts"), "start", ...args], env),
  demo: (env) => node24([join(root, "stack", "main.ts"), "demo", ...args], env),
  test: (env) => vitest(args, env),
  soak,
  bench: (env) => node24([join(root, "test", "bench", "main.ts"), ...args], env),
  mutation: (env) => program("stryker", ["run", ...args], env),
  check,
};

if (!Object.hasOwn(modes, mode ?? "")) {
  console.error(`usage: node stack/bootstrap.mjs ${Object.keys(modes).join("|")} [arguments]`);
  process.exit(2);
}
process.chdir(root);
process.exit(await modes[mode](await ready()));
