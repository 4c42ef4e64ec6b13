import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { composeVariables } from "../../stack/docker.ts";
import { type ServerName, serverNames } from "../../stack/server.ts";
import { servers } from "../../stack/servers.ts";

// The Compose Specification's own schema, Apache-2.0, as the Go module
// github.com/compose-spec/compose-go/v2 v2.16.2 carries it in schema/compose-spec.json.
const schema = JSON.parse(readFileSync(join(import.meta.dirname, "compose-spec.json"), "utf8"));
const text = readFileSync(join(import.meta.dirname, "..", "..", "docker-compose.yml"), "utf8");

type Service = {
  readonly image: string;
  readonly command?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
};
type Compose = {
  services: Record<string, Service>;
  volumes: Record<string, null>;
  configs: Record<string, unknown>;
};
const compose = parse(text, { merge: true }) as Compose;

// Formats are annotations: ajv knows none of Docker's own.
const conforms = new Ajv2020({ strict: false, allErrors: true, validateFormats: false }).compile(schema);

describe("docker-compose.yml", () => {
  it("is what the Compose Specification's schema allows", () => {
    conforms(compose);
    expect(conforms.errors).toBeNull();
  });

  it("would not pass that schema with a misspelt key", () => {
    const wrong = { ...compose, services: { ...compose.services, redis: { imagee: "redis:7.4" } } };
    expect(conforms(wrong)).toBe(false);
  });

  it.each(serverNames)(
    "has the services of %s, with a port for each that the stack maps",
    (name: ServerName) => {
      const server = servers[name];
      const seat = {
        ports: Object.fromEntries(Object.keys(server.ports).map((port) => [port, 1])),
        secret: "",
      };
      const mapped = server.services.flatMap((service) => compose.services[service]?.ports ?? []).join(" ");
      // A controller only talks to its own broker: its port stays inside.
      const wanted = Object.keys(composeVariables(server, seat)).filter(
        (key) => !/SECRET|CONTROLLER$/.test(key) && !(key in (server.compose?.(seat) ?? {})),
      );
      for (const variable of wanted) expect(mapped).toContain(`\${${variable}:-`);
      for (const variable of Object.keys(server.compose?.(seat) ?? {}))
        expect(text).toContain(`\${${variable}:-`);
    },
  );

  it("keeps Redis' users beside its data, and makes their file only once", () => {
    const { command, volumes } = compose.services["redis"] ?? {};
    expect(volumes).toEqual(["redis:/data"]);
    expect(command?.join(" ")).toMatch(/test -e \/data\/users\.acl \|\| .*--aclfile \/data\/users\.acl/);
  });

  it("starts NATS with the operator's accounts where the stack says so, as the stack itself does", () => {
    const configs = compose.configs as Record<string, { content: string }>;
    const lines = (name: string) => configs[name]?.content.split("\n").map((line) => line.trim()) ?? [];
    expect(lines("nats-operator")).toEqual(
      expect.arrayContaining(['resolver { type: full, dir: "/data/accounts", allow_delete: true }']),
    );
    const file = compose.services["nats"]?.command?.at(-1);
    expect(file).toMatch(/^\/etc\/nats\/\$\{PRISM_STACK_NATS_CONFIG:-password\}\.conf$/);
    const seat = { ports: { server: 1 }, secret: "s" };
    expect(composeVariables(servers.nats, seat)).toEqual(composeVariables(servers.nats, seat));
  });

  it("brings KurrentDB, two Postgres and Temporal's UI too", () => {
    expect(Object.keys(compose.services)).toEqual(
      expect.arrayContaining(["kurrentdb", "postgres-control", "postgres-data", "temporal", "temporal-ui"]),
    );
  });

  it("listens on loopback only", () => {
    const ports = Object.values(compose.services).flatMap((service) => service.ports ?? []);
    expect(ports.length).toBeGreaterThan(8);
    expect(ports.filter((port) => !port.startsWith("127.0.0.1:"))).toEqual([]);
  });

  it("pins a version of every image", () => {
    const images = Object.values(compose.services).map(({ image }) => image);
    expect(images.filter((image) => !/:v?\d/.test(image))).toEqual([]);
  });

  it("keeps every server's data in a volume of its own", () => {
    const used = Object.values(compose.services)
      .flatMap((service) => service.volumes ?? [])
      .map((volume) => volume.split(":")[0]);
    expect(used.sort()).toEqual(Object.keys(compose.volumes).sort());
  });
});
