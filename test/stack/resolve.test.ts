import { describe, expect, it } from "vitest";
import type { Lookup } from "../../stack/lookup.ts";
import { isGiven, resolve } from "../../stack/resolve.ts";
import { serverNames } from "../../stack/server.ts";
import { servers } from "../../stack/servers.ts";

/** A machine with these programs on its PATH, and nothing else. */
const machineWith = (programs: Record<string, string>, output: Record<string, string> = {}): Lookup => ({
  environment: {},
  which: async (...names) => names.map((name) => programs[name]).find((path) => path !== undefined),
  folders: async () => [],
  output: async (program, args) => output[[program, ...args].join(" ")],
});

const bare = machineWith({});
const daemon = async () => true;
const noDaemon = async () => false;

describe("where a server comes from", () => {
  it.each(serverNames)("%s: its package registry where there is nothing else", async (name) => {
    expect(await resolve(servers[name], bare, noDaemon)).toEqual({ source: "registry" });
  });

  it.each(serverNames)("%s: a running Docker daemon before the registry", async (name) => {
    expect(await resolve(servers[name], bare, daemon)).toEqual({ source: "docker" });
  });

  it.each([
    ["temporal", "temporal"],
    ["redis", "redis-server"],
    ["nats", "nats-server"],
    ["s3", "versitygw"],
  ] as const)("%s: %s on the PATH before Docker, which is not even asked", async (name, program) => {
    const asked: string[] = [];
    const docker = async () => asked.push("docker") > 0;
    const found = await resolve(servers[name], machineWith({ [program]: `/opt/bin/${program}` }), docker);
    expect(found).toEqual({ source: "path", programs: `/opt/bin/${program}` });
    expect(asked).toEqual([]);
  });

  it("takes a Postgres of version 14 or later, the newest of several", async () => {
    const of = (folder: string, version: string) => ({
      [`${folder}/postgres --version`]: `postgres (PostgreSQL) ${version}`,
      [`${folder}/initdb --version`]: `initdb (PostgreSQL) ${version}`,
    });
    const folders = [
      "/usr/lib/postgresql/13/bin",
      "/usr/lib/postgresql/16/bin",
      "/usr/lib/postgresql/15/bin",
    ];
    const versions = {
      ...of(folders[0] ?? "", "13.4"),
      ...of(folders[1] ?? "", "16.1"),
      ...of(folders[2] ?? "", "15.2"),
    };
    const machine: Lookup = {
      ...machineWith({}, versions),
      folders: async (parent) => (parent === "/usr/lib/postgresql" ? folders : []),
    };
    const found = await resolve(servers["postgres-data"], machine, noDaemon);
    expect(found).toEqual({ source: "path", programs: "/usr/lib/postgresql/16/bin" });
  });

  it("leaves a Postgres alone that is too old", async () => {
    const old = { "/usr/lib/postgresql/13/bin/postgres --version": "postgres (PostgreSQL) 13.4" };
    const machine = { ...machineWith({}, old), folders: async () => ["/usr/lib/postgresql/13/bin"] };
    expect(await resolve(servers["postgres-control"], machine, daemon)).toEqual({ source: "docker" });
  });

  it("does not take a Kafka that has no Java to run on", async () => {
    const machine = machineWith({ "kafka-server-start.sh": "/opt/kafka/bin/kafka-server-start.sh" });
    expect(await resolve(servers.kafka, machine, noDaemon)).toEqual({ source: "registry" });
  });
});

describe("a server named in the environment", () => {
  it("is the user's", () => {
    expect(isGiven(servers.kafka, { PRISM_KAFKA_BROKERS: "broker:9092" })).toBe(true);
    expect(isGiven(servers.kafka, { PRISM_KAFKA_BROKERS: "" })).toBe(false);
    expect(isGiven(servers.kafka, {})).toBe(false);
  });

  it("counts for the second Postgres only with both of its databases", () => {
    expect(isGiven(servers["postgres-data"], { PRISM_DATA_URL: "postgres://here/data" })).toBe(false);
    const both = { PRISM_DATA_URL: "postgres://here/data", PRISM_TENANT_URL: "postgres://here/tenants" };
    expect(isGiven(servers["postgres-data"], both)).toBe(true);
  });
});

describe("what has to be installed first", () => {
  it.each([
    ["temporal", ["Go"]],
    ["nats", ["Go"]],
    ["s3", ["Go"]],
    ["kafka", ["Java 17 or newer", "Maven"]],
    ["redis", ["Redis"]],
  ] as const)("for %s is named with the command that mends it", async (name, wanted) => {
    const missing = await servers[name].missing(bare, "/nowhere");
    expect(missing.map((line) => line.split(":")[0])).toEqual(wanted);
    for (const line of missing) expect(line).toMatch(/apt-get install|brew install/);
  });

  it("says so of a Java that is too old", async () => {
    const machine = machineWith({ mvn: "/usr/bin/mvn" }, { "java -version": 'openjdk version "11.0.2"' });
    expect(await servers.kafka.missing(machine, "/nowhere")).toEqual([
      expect.stringMatching(/^Java 17 or newer \(11 is too old\): /),
    ]);
  });
});
