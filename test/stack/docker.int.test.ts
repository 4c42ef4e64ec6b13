import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { composeUp, composeVariables, dockerRuns } from "../../stack/docker.ts";
import { doctor } from "../../stack/doctor.ts";
import { purge, temporaryInstance } from "../../stack/instance.ts";
import { machine } from "../../stack/lookup.ts";
import { servers } from "../../stack/servers.ts";

// No Docker engine is at hand where this is built: a program of that name stands in for it,
// and what is shown is only what it is told.
const folder = mkdtempSync(join(tmpdir(), "prism-docker-"));
const calls = join(folder, "calls");
const environment = { PATH: `${folder}:/usr/bin:/bin`, HOME: folder, XDG_CACHE_HOME: folder };
afterAll(() => rmSync(folder, { recursive: true }));

function docker(script: string): void {
  writeFileSync(join(folder, "docker"), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, "docker"), 0o755);
}

describe("Docker", () => {
  it.each([
    ["runs", 'case "$1" in info) echo 27.3.1;; compose) echo v2;; esac', true],
    ["does not run when its daemon is away", "echo 'Cannot connect to the Docker daemon'; exit 1", false],
    [
      "does not run when an old client says so and ends well",
      'echo "Cannot connect to the Docker daemon"',
      false,
    ],
    ["is of no use without Compose", 'case "$1" in info) echo 27.3.1;; compose) exit 1;; esac', false],
  ])("%s", async (_, script, expected) => {
    docker(script);
    expect(await dockerRuns(machine(environment))).toBe(expected);
  });

  it("starts a server's services in the instance's own project, on the ports it is given", async () => {
    docker(
      `echo "$PRISM_STACK_TEMPORAL_FRONTEND $PRISM_STACK_TEMPORAL_UI $PRISM_STACK_SECRET $*" > ${calls}`,
    );
    const instance = temporaryInstance();
    const variables = composeVariables(servers.temporal, { ports: { frontend: 17, ui: 18 }, secret: "s" });
    await composeUp({ instance, server: servers.temporal, variables, environment });
    const said = readFileSync(calls, "utf8");
    expect(said).toMatch(
      new RegExp(
        `^17 18 s compose --project-name ${instance.name} --file .*/docker-compose.yml up --detach temporal temporal-ui`,
      ),
    );
    purge(instance);
  });
});

describe("the doctor", () => {
  it("on a machine with nothing names what each server needs", async () => {
    const empty = mkdtempSync(join(folder, "empty-"));
    const findings = await doctor({ PATH: empty, HOME: empty, XDG_CACHE_HOME: empty });
    const missing = Object.fromEntries(findings.map(({ server, missing }) => [server, missing.join()]));
    expect(missing["kafka"]).toMatch(/Java 17 or newer: .*Maven: /);
    expect(missing["redis"]).toMatch(/^Redis: /);
  });

  it("has nothing to say about servers that are given", async () => {
    const given = {
      PATH: folder,
      HOME: folder,
      PRISM_KAFKA_BROKERS: "127.0.0.1:1",
      PRISM_REDIS_URL: "redis://127.0.0.1:1",
    };
    const findings = await doctor(given);
    const lines = findings.filter(({ server }) => server === "kafka" || server === "redis");
    expect(lines).toEqual([
      { server: "kafka", how: "given by PRISM_KAFKA_BROKERS", missing: [] },
      { server: "redis", how: "given by PRISM_REDIS_URL", missing: [] },
    ]);
  });
});
