import { type JetStreamManager, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "../../backends/backend.ts";
import { logins } from "../../backends/logins.ts";
import { nats } from "../../backends/nats.ts";
import { natsAddress } from "../../backends/nats-connection.ts";
import type { Resource } from "../../domain/plan.ts";
import { natsStream, natsSubject } from "../../domain/selection/names.ts";
import { backendContract, freshName } from "./contract.ts";
import { natsGiven } from "./nats-given.ts";

const { url, trust } = natsGiven(process.env);
const common = { logins: logins("a secret of this test"), deadlineMs: 8_000, trust };
const streamOf = (namespace: string, more: Record<string, unknown> = {}): Resource => ({
  backend: "nats",
  kind: "stream",
  name: natsStream(namespace),
  config: {
    subject: natsSubject(namespace),
    replicas: 1,
    retention: "7days",
    max_message_size: "1MB",
    ...more,
  },
});
const call = (namespace: string, incarnation = 1) => ({
  owner: { namespace, incarnation },
  claim: { intended: true },
  signal: new AbortController().signal,
});
const own = async (): Promise<[NatsConnection, JetStreamManager]> => {
  const connection = await connect(natsAddress(url).options);
  return [connection, await jetstreamManager(connection)];
};

backendContract("a NATS stream", async () => {
  const [connection, streams] = await own();
  const backend = nats({ ...common, url });
  const onSubjects = async ({ config }: Resource): Promise<readonly string[]> => {
    const names: string[] = [];
    for await (const name of streams.streams.names(config["subject"] as string)) names.push(name);
    return names;
  };
  return {
    backend,
    resource: () => streamOf(freshName("orders-")),
    meddle: async ({ name }) => {
      await streams.streams.update(`${name}_2`, { max_age: 1_000_000_000_000, max_msgs: 7, max_msg_size: 8 });
      return ["max_age", "max_msgs", "max_msg_size"];
    },
    plant: async ({ name, config }) => {
      const subject = `${(config["subject"] as string).replace(".>", "")}.theirs`;
      await streams.streams.add({ name: `${name}-theirs`, subjects: [subject] });
    },
    write: async ({ config }, content) => {
      const subject = `${(config["subject"] as string).replace(".>", "")}.2.a`;
      await jetstream(connection).publish(subject, content);
    },
    exists: async (resource) => (await onSubjects(resource)).length > 0,
    uproot: async ({ name }) => void (await streams.streams.delete(`${name}-theirs`)),
    open: (deadlineMs, port) => {
      const address = new URL(url);
      if (port !== undefined) address.port = String(port);
      return nats({ ...common, deadlineMs, url: address.href });
    },
    close: async () => {
      await connection.close();
      await backend.close();
    },
  };
});

describe("a namespace in NATS", () => {
  let backend: Backend;
  let connection: NatsConnection;
  let streams: JetStreamManager;
  beforeAll(async () => {
    [connection, streams] = await own();
    backend = nats({ ...common, url });
  });
  afterAll(async () => {
    await connection.close();
    await backend.close();
  });

  it.each(["9MB", "3GB"])("is refused for good where the server takes no message of %s", async (size) => {
    const name = freshName("large-");
    const resource = streamOf(name, { max_message_size: size });
    await expect(backend.ensure(resource, call(name))).rejects.toMatchObject({
      code: "INVALID_CONFIGURATION",
      message: expect.stringMatching(/max_payload/),
      details: { field: "needs.max_message_size" },
    });
    expect(await backend.observe(resource, call(name))).toEqual({ state: "absent" });
  });

  it("keeps what is published on its subjects, in the file, for as long as was promised", async () => {
    const name = freshName("kept-");
    await backend.ensure(streamOf(name, { retention: "forever" }), call(name));
    const { seq, stream } = await jetstream(connection).publish(`${name}.1.orders`, "hello");
    expect({ seq, stream }).toEqual({ seq: 1, stream: `${name}-pubsub_1` });
    const { config } = await streams.streams.info(stream);
    expect(config).toMatchObject({ storage: "file", max_age: 0, num_replicas: 1, deny_delete: true });
    await backend.remove(streamOf(name), call(name));
    await expect(streams.streams.info(stream)).rejects.toThrow();
  });

  it("begins its next life with no message and another stream", async () => {
    const name = freshName("again-");
    await backend.ensure(streamOf(name), call(name, 1));
    await jetstream(connection).publish(`${name}.1.orders`, "of the first life");
    await backend.ensure(streamOf(name), call(name, 2));
    await expect(streams.streams.info(`${name}-pubsub_1`)).rejects.toThrow();
    expect((await streams.streams.info(`${name}-pubsub_2`)).state.messages).toBe(0);
    await expect(jetstream(connection).publish(`${name}.1.orders`, "late")).rejects.toThrow();
    await backend.remove(streamOf(name), call(name, 2));
  });

  it("is not mended where that would lose what it holds", async () => {
    const name = freshName("held-");
    await streams.streams.add({
      name: `${name}-pubsub_1`,
      subjects: [`${name}.1.>`],
      storage: "memory",
      metadata: { "prism-owner": JSON.stringify({ prism: { namespace: name, incarnation: 1 } }) },
    });
    const seen = await backend.observe(streamOf(name), call(name));
    expect(seen).toMatchObject({ state: "drifted" });
    await expect(backend.ensure(streamOf(name), call(name))).rejects.toMatchObject({
      code: "MIGRATION_REQUIRED",
    });
    await backend.remove(streamOf(name), call(name));
  });

  it("is drifted where its stream was led to other subjects, mended, and removed", async () => {
    const name = freshName("led-");
    const elsewhere = { subjects: [`elsewhere.${name}.>`] };
    const { identity } = await backend.ensure(streamOf(name), call(name));
    await streams.streams.update(`${name}-pubsub_1`, elsewhere);
    expect(await backend.observe(streamOf(name), call(name))).toMatchObject({
      state: "drifted",
      identity,
      drift: [{ field: "subjects", planned: `["${name}.1.>"]` }],
    });
    expect(await backend.ensure(streamOf(name), call(name))).toMatchObject({ identity });
    expect(await backend.observe(streamOf(name), call(name))).toEqual({ state: "ready", identity });
    await streams.streams.update(`${name}-pubsub_1`, elsewhere);
    expect(await backend.remove(streamOf(name), call(name))).toEqual({ removed: true });
    await expect(streams.streams.info(`${name}-pubsub_1`)).rejects.toThrow();
  });

  it("is refused where somebody else's stream has its name, on whatever subjects", async () => {
    const name = freshName("named-");
    await streams.streams.add({ name: `${name}-pubsub_1`, subjects: [`theirs.${name}`] });
    expect(await backend.observe(streamOf(name), call(name))).toMatchObject({ state: "foreign" });
    await expect(backend.ensure(streamOf(name), call(name))).rejects.toMatchObject({
      code: "INVALID_CONFIGURATION",
    });
    expect(await backend.remove(streamOf(name), call(name))).toEqual({ removed: false });
    await streams.streams.delete(`${name}-pubsub_1`);
  });

  it.each([
    ["64 characters", freshName("x").padEnd(64, "y")],
    ["a hyphen", `${freshName("a")}-b`],
    ["no hyphen", `${freshName("a")}b`],
    ["a word that NATS uses", `js-api-${freshName("")}`],
  ])("may be called by %s", async (_, name) => {
    const { identity } = await backend.ensure(streamOf(name), call(name));
    expect(await backend.observe(streamOf(name), call(name))).toEqual({ state: "ready", identity });
    expect(await backend.remove(streamOf(name), call(name))).toEqual({ removed: true });
  });

  it("has a login of its own, or it is said why not, and without one nobody gets in", async () => {
    const name = freshName("closed-");
    const { login } = await backend.ensure(streamOf(name), call(name));
    const none = expect.stringContaining("may not make accounts there");
    expect(login).toEqual(trust === undefined ? { none } : { user: `prism.${name}.1` });
    const { host: servers } = new URL(url);
    await expect(connect({ servers, reconnect: false })).rejects.toThrow(/authorization/i);
    await expect(connect({ servers, reconnect: false, user: name, pass: "guess" })).rejects.toThrow(
      /authorization/i,
    );
    await backend.remove(streamOf(name), call(name));
  });
});
