import { spawn } from "node:child_process";
import { mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { locked } from "../../stack/lock.ts";
import { self } from "../../stack/process-id.ts";
import { until } from "../setup/until.ts";

describe("a lock between processes", () => {
  const dead = JSON.stringify({ pid: 2 ** 22 + 1, startTime: "1" });
  const folder = mkdtempSync(join(tmpdir(), "prism-lock-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  it("lets one in at a time", async () => {
    let inside = 0;
    let most = 0;
    const body = async () => {
      most = Math.max(most, ++inside);
      await sleep(5);
      inside--;
    };
    await Promise.all(Array.from({ length: 5 }, () => locked(join(folder, "one"), body)));
    expect(most).toBe(1);
  });

  it.each([
    ["a holder that is dead", dead],
    ["a holder whose number another process has now", JSON.stringify({ ...self(), startTime: "1" })],
    ["a file that says nothing", ""],
  ])("is taken over from %s, by one of those who wait", async (name, text) => {
    const file = join(folder, name.replaceAll(" ", "-"));
    writeFileSync(file, text);
    let inside = 0;
    const bodies = Array.from({ length: 3 }, () =>
      locked(file, async () => {
        expect(++inside).toBe(1);
        await sleep(5);
        inside--;
      }),
    );
    await Promise.all(bodies);
  });

  it("is taken over by one of two processes, however slow one of them is", async () => {
    const [file, go] = [join(folder, "contended"), join(folder, "go")];
    writeFileSync(file, dead);
    const script = fileURLToPath(new URL("./slow-taker.ts", import.meta.url));
    // In a file: what was said before we are inside has been heard by then.
    const heard = join(folder, "said");
    spawn(process.execPath, [script, file, go], { stdio: ["ignore", openSync(heard, "w"), "inherit"] });
    const said = () => readFileSync(heard, "utf8");
    await until(() => said().includes("renames"));
    const ours = locked(file, async () => {
      const before = said();
      // As long as we are inside, nobody else comes in.
      await sleep(500);
      expect(said()).toBe(before);
    });
    await sleep(300);
    writeFileSync(go, "");
    await ours;
    await until(() => said().includes("outside"));
    expect(readdirSync(folder).filter((name) => name.startsWith("contended."))).toEqual([]);
  });

  it("is taken over also where somebody died who was about to take it over", async () => {
    const file = join(folder, "twice-dead");
    for (const left of [file, `${file}.takeover`]) writeFileSync(left, dead);
    expect(await locked(file, async () => "inside")).toBe("inside");
  });

  it("tells who holds it, and can be given up waiting for", async () => {
    const file = join(folder, "held");
    const release = Promise.withResolvers<void>();
    const held = locked(file, () => release.promise);
    const holders: number[] = [];
    const options = {
      waiting: ({ pid }: { pid: number }) => holders.push(pid),
      signal: AbortSignal.timeout(150),
    };
    await expect(locked(file, async () => undefined, options)).rejects.toThrow(/timeout/);
    expect(holders).toEqual([process.pid]);
    release.resolve();
    await held;
  });
});
