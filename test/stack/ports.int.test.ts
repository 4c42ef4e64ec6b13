import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, it } from "vitest";

/** Draws ports, says which, and stays. */
const drawing = `
  import { freePort } from ${JSON.stringify(join(import.meta.dirname, "..", "..", "stack", "ports.ts"))};
  const ports = [];
  for (let count = 0; count < 150; count++) ports.push(await freePort());
  console.log(JSON.stringify(ports));
  setInterval(() => undefined, 1000);
`;

it("no two processes are told that the same port is free, though nobody has sat down on it yet", async () => {
  const args = ["--input-type=module-typescript", "--eval", drawing];
  const children = Array.from({ length: 4 }, () =>
    spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] }),
  );
  try {
    const drawn = (await Promise.all(children.map(said))).flat();
    expect(drawn).toHaveLength(4 * 150);
    expect(new Set(drawn).size).toBe(drawn.length);
  } finally {
    for (const child of children) child.kill("SIGKILL");
  }
});

async function said({ stdout }: ChildProcess): Promise<number[]> {
  const [line] = stdout === null ? [] : await once(stdout, "data");
  return JSON.parse(String(line));
}
