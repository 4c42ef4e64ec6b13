import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { cacheFolder } from "../../stack/cache.ts";
import { machine } from "../../stack/lookup.ts";
import { nats } from "../../stack/nats.ts";
import { freePort } from "../../stack/ports.ts";

/** Publishes one message and resolves when it is on disk. */
export type Put = (payload: Uint8Array) => Promise<unknown>;

/** A NATS of this run that syncs before it acknowledges, for as long as `body` runs. */
export async function withDurableJetStream<T>(body: (put: Put) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "prism-jetstream-"));
  const port = await freePort();
  const config = join(folder, "nats.conf");
  await writeFile(
    config,
    `listen: "127.0.0.1:${port}"\njetstream { store_dir: ${JSON.stringify(folder)}, sync_interval: always }\n`,
  );
  const server = spawn(await program(), ["-c", config], { stdio: "ignore" });
  const ended = new Promise((resolve) => server.once("exit", resolve));
  try {
    const connection = await connect({ port, waitOnFirstConnect: true, reconnectTimeWait: 100 });
    await (await jetstreamManager(connection)).streams.add({ name: "bench", subjects: ["bench"] });
    const stream = jetstream(connection);
    const result = await body((payload) => stream.publish("bench", payload));
    await connection.close();
    return result;
  } finally {
    server.kill("SIGKILL");
    await ended;
    await rm(folder, { recursive: true, force: true });
  }
}

async function program(): Promise<string> {
  const found = await nats.find(machine(process.env));
  return (
    found ??
    nats.fetch({
      environment: process.env,
      cache: cacheFolder(process.env),
      user: undefined,
      idly: false,
      say: console.log,
      signal: new AbortController().signal,
    })
  );
}
