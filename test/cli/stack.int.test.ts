import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, describe, expect, it } from "vitest";
import { serverNames } from "../../stack/server.ts";

const folder = mkdtempSync(join(tmpdir(), "prism-cli-"));
const environment = {
  PATH: folder,
  HOME: folder,
  PRISM_STATE_DIR: join(folder, "state"),
  XDG_CACHE_HOME: folder,
};
afterAll(() => rmSync(folder, { recursive: true }));

const main = join(import.meta.dirname, "..", "..", "cli", "main.ts");

describe("prism stack", () => {
  it("shows every server and process, also where none runs", async () => {
    const { code, output } = await prism("stack", "status", "-o", "json");
    expect(code).toBe(0);
    const { servers, processes } = JSON.parse(output);
    expect(servers.map(({ name, condition }: Shown) => `${name} ${condition}`)).toEqual(
      serverNames.map((name) => `${name} stopped`),
    );
    expect(processes.map(({ name }: Shown) => name)).toEqual(["api", "worker", "proxy"]);
  });

  it("takes down what does not run without complaint", async () => {
    expect((await prism("stack", "down")).code).toBe(0);
  });

  it("has the logs of servers it knows", async () => {
    expect((await prism("stack", "logs", "kafka")).code).toBe(0);
    expect((await prism("stack", "logs", "postgress")).code).toBe(2);
  });
});

describe("prism doctor", () => {
  it("fails on a machine that lacks something, and names the command that mends it", async () => {
    const { code, output } = await prism("doctor");
    expect(code).toBe(1);
    expect(output).toMatch(/^kafka .*Java 17 or newer: .*Maven: /m);
  });

  it("has nothing to mend where every server is given", async () => {
    const given = {
      PRISM_TEMPORAL_ADDRESS: "127.0.0.1:1",
      PRISM_CONTROL_URL: "postgres://127.0.0.1:1/control",
      PRISM_DATA_URL: "postgres://127.0.0.1:1/data",
      PRISM_TENANT_URL: "postgres://127.0.0.1:1/tenants",
      PRISM_KAFKA_BROKERS: "127.0.0.1:1",
      PRISM_REDIS_URL: "redis://127.0.0.1:1",
      PRISM_NATS_URL: "nats://127.0.0.1:1",
      PRISM_S3_ENDPOINT: "http://127.0.0.1:1",
    };
    const { code, output } = await prism("doctor", "-o", "json", given);
    expect(code).toBe(0);
    const findings = JSON.parse(output) as { server: string; missing: string[] }[];
    const [tools, servers] = [findings.slice(-5), findings.slice(0, -5)];
    expect(servers.flatMap(({ missing }) => missing)).toEqual([]);
    // What only tests and benchmarks need is said, and is no failure.
    expect(tools).toMatchObject([
      { server: "h2load", missing: [expect.stringMatching(/^h2load: .*nghttp2/)] },
      { server: "grpc-load" },
      { server: "toxiproxy" },
      { server: "schemathesis", missing: [expect.stringMatching(/^Python 3.*: /)] },
      { server: "dig", missing: [expect.stringMatching(/^dig: .*dnsutils/)] },
    ]);
  });
});

it("leaves quietly when who reads it has seen enough", async () => {
  const child = spawn(process.execPath, [main, "--help"], { env: environment });
  child.stdout.destroy();
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, "exit")]);
  expect({ said, code }).toEqual({ said: "", code: 0 });
});

type Shown = { readonly name: string; readonly condition: string };

function prism(...args: (string | Record<string, string>)[]): Promise<{ code: number; output: string }> {
  const words = args.filter((arg) => typeof arg === "string");
  const env = Object.assign({}, environment, ...args.filter((arg) => typeof arg !== "string"));
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [main, ...words], { env }, (_error, stdout) =>
      resolve({ code: child.exitCode ?? -1, output: stdout }),
    );
  });
}
