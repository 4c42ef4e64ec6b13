import { randomBytes } from "node:crypto";
import { mkdir, readFile, realpath, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { cached } from "./cache.ts";
import { converse, target } from "./converse.ts";
import { exists, type Lookup, machine } from "./lookup.ts";
import { runCommand } from "./run-command.ts";
import type { Fetching, Place, Server } from "./server.ts";

const version = "4.1.1";
const cachedAs = `kafka-${version}`;
const pom = join(import.meta.dirname, "kafka", "pom.xml");

/** One Kafka broker that is its own controller. `programs` is the folder of its jars. */
export const kafka: Server = {
  name: "kafka",
  variables: ["PRISM_KAFKA_BROKERS"],
  ports: { broker: undefined, controller: undefined },
  services: ["kafka"],
  stopSignals: ["SIGTERM"],

  async find(lookup) {
    const script = await lookup.which("kafka-server-start.sh", "kafka-server-start");
    if (script === undefined || (await missingJava(lookup)).length > 0) return undefined;
    const home = join(dirname(await realpath(script)), "..");
    const libs = [join(home, "libs"), join(home, "libexec", "libs")];
    for (const folder of libs) if (await exists(folder)) return folder;
    return undefined;
  },
  fetch: jars,
  async missing(lookup, cache) {
    const fetched = await exists(join(cache, cachedAs));
    const maven = fetched || (await lookup.which("mvn")) !== undefined;
    return [...(await missingJava(lookup)), ...(maven ? [] : [`Maven: ${install("maven", "maven")}`])];
  },

  async prepare(place) {
    const { programs, folder } = place;
    const config = join(folder, "server.properties");
    await writeFile(config, properties(place));
    await format(place, config);
    const quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn";
    return {
      program: "java",
      args: ["-Xmx512m", "-XX:+UseG1GC", quiet, "-cp", join(programs, "*"), "kafka.Kafka", config],
    };
  },

  environment: ({ ports }) => ({ PRISM_KAFKA_BROKERS: `127.0.0.1:${ports["broker"]}` }),

  async answers(environment, signal) {
    const [first = ""] = (environment["PRISM_KAFKA_BROKERS"] ?? "").split(",");
    const answer = await converse(target(first.trim()), apiVersionsRequest, signal);
    if (answer.readInt32BE(4) !== correlation) throw new Error(`${first} answers, but not as Kafka does`);
  },
};

const correlation = 0x50726973;

/** Length, key 18 (ApiVersions), version 0, correlation id, no client id. */
const apiVersionsRequest = (() => {
  const request = Buffer.alloc(14);
  request.writeInt32BE(10, 0);
  request.writeInt16BE(18, 4);
  request.writeInt32BE(correlation, 8);
  request.writeInt16BE(-1, 12);
  return request;
})();

async function jars(fetching: Fetching): Promise<string> {
  const folder = await cached(cachedAs, fetching, async (draft) => {
    const lacking = await kafka.missing(machine(fetching.environment), fetching.cache);
    if (lacking.length > 0) throw new Error(`Kafka is not here and cannot be fetched. ${lacking.join(". ")}`);
    fetching.say(`fetching Kafka ${version} with Maven, once on this machine`);
    const libs = `-DoutputDirectory=${join(draft, "libs")}`;
    const args = ["-q", "-B", "-f", pom, "dependency:copy-dependencies", libs];
    await runCommand("mvn", args, {
      env: fetching.environment,
      signal: fetching.signal,
      cwd: draft,
      idly: fetching.idly,
    });
  });
  return join(folder, "libs");
}

/** Once per data folder. A format that was killed left only a draft. */
async function format({ programs, folder, environment }: Place, config: string): Promise<void> {
  const data = join(folder, "data");
  if (await exists(join(data, "meta.properties"))) return;
  const draft = join(folder, "data.draft");
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true });
  const draftConfig = join(folder, "format.properties");
  await writeFile(
    draftConfig,
    (await readFile(config, "utf8")).replace(/^log\.dirs=.*$/m, `log.dirs=${draft}`),
  );
  // An id that began with a hyphen would be taken for an option.
  const id = `P${randomBytes(16).toString("base64url").slice(1)}`;
  const java = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", join(programs, "*")];
  const args = [...java, "kafka.tools.StorageTool", "format", "-t", id, "-c", draftConfig];
  await runCommand("java", args, { env: environment });
  await rm(data, { recursive: true, force: true });
  await rename(draft, data);
}

// After a crash the broker is let in again only when its old session has run out: five
// seconds instead of nine.
const properties = ({ folder, ports }: Place): string =>
  `
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${ports["controller"]}
listeners=PLAINTEXT://127.0.0.1:${ports["broker"]},CONTROLLER://127.0.0.1:${ports["controller"]}
advertised.listeners=PLAINTEXT://127.0.0.1:${ports["broker"]}
controller.listener.names=CONTROLLER
log.dirs=${join(folder, "data")}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
auto.create.topics.enable=false
message.max.bytes=10485760
replica.fetch.max.bytes=10485760
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=4
offsets.retention.minutes=2147483647
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
log.cleaner.dedupe.buffer.size=33554432
broker.heartbeat.interval.ms=1000
broker.session.timeout.ms=5000
`.trimStart();

async function missingJava(lookup: Lookup): Promise<readonly string[]> {
  const said = await lookup.output("java", ["-version"]);
  const major = Number(/version "(?:1\.)?(\d+)/.exec(said ?? "")?.[1] ?? 0);
  if (major >= 17) return [];
  const found = major === 0 ? "" : ` (${major} is too old)`;
  return [`Java 17 or newer${found}: ${install("openjdk-17-jre-headless", "openjdk@17")}`];
}

const install = (apt: string, brew: string): string =>
  process.platform === "darwin" ? `brew install ${brew}` : `apt-get install -y ${apt}`;
