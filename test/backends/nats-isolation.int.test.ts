import { type JetStreamManager, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, jwtAuthenticator, type NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "../../backends/backend.ts";
import { logins } from "../../backends/logins.ts";
import { nats } from "../../backends/nats.ts";
import { natsApi, natsCredentials } from "../../backends/nats-account.ts";
import { natsAddress } from "../../backends/nats-connection.ts";
import { claimsIn, publicKey, signed } from "../../backends/nats-keys.ts";
import type { Resource } from "../../domain/plan.ts";
import { natsStream, natsSubject } from "../../domain/selection/names.ts";
import { nats as server } from "../../stack/nats.ts";
import { goesAlone } from "./lonely-login.ts";
import { natsGiven } from "./nats-given.ts";
import { type OwnServer, ownServer } from "./own-server.ts";

const common = { logins: logins("a secret of this test"), deadlineMs: 8_000 };
const streamOf = (namespace: string): Resource => ({
  backend: "nats",
  kind: "stream",
  name: natsStream(namespace),
  config: { subject: natsSubject(namespace), replicas: 1, retention: "7days", max_message_size: "1MB" },
});
const call = (namespace: string, incarnation = 1) => ({
  owner: { namespace, incarnation },
  claim: { intended: true },
  signal: new AbortController().signal,
});
const text = (value: string): Uint8Array => Buffer.from(value);

/** A server of its own: what is tried here is the server that `prism stack up` starts. */
describe("a namespace with NATS' own client and its own login", () => {
  let own: OwnServer;
  let given: ReturnType<typeof natsGiven>;
  let backend: Backend;
  let admin: NatsConnection;
  let streams: JetStreamManager;
  const open: NatsConnection[] = [];

  const as = async (namespace: string, incarnation = 1): Promise<NatsConnection> => {
    const { jwt, seed } = natsCredentials(common.logins, streamOf(namespace), { namespace, incarnation });
    const { host: servers } = new URL(given.url);
    const authenticator = jwtAuthenticator(jwt, text(seed));
    const connection = await connect({ servers, authenticator, reconnect: false, timeout: 10_000 });
    open.push(connection);
    return connection;
  };
  const ask = async (client: NatsConnection, subject: string, body = ""): Promise<string> =>
    (await client.request(subject, body, { timeout: 10_000 })).string();
  const messagesOf = async (namespace: string): Promise<number> =>
    (await streams.streams.info(`${namespace}-pubsub_1`)).state.messages;

  beforeAll(async () => {
    own = await ownServer(server);
    given = natsGiven(server.environment(own.place));
    backend = nats({ ...common, ...given });
    admin = await connect(natsAddress(given.url).options);
    streams = await jetstreamManager(admin);
    for (const namespace of ["ours", "theirs"]) await backend.ensure(streamOf(namespace), call(namespace));
    await jetstream(admin).publish("theirs.1.orders", "secret");
  }, 120_000);
  afterAll(async () => {
    for (const connection of [...open, admin]) await connection?.close();
    await backend?.close();
    await own?.close();
  });

  it("writes, reads and counts what is its own", async () => {
    const client = await as("ours");
    const { seq } = await jetstream(client).publish("ours.1.orders", "mine");
    const mine = await jetstreamManager(client, { apiPrefix: natsApi, checkAPI: false });
    expect((await mine.streams.getMessage("ours-pubsub_1", { seq }))?.string()).toBe("mine");
    expect((await mine.streams.info("ours-pubsub_1")).state.messages).toBe(1);
  });

  const theirs = "theirs-pubsub_1";
  const consumer = { name: "mine", deliver_subject: "ours.1.orders", ack_policy: "none" };
  const pushing = JSON.stringify({ stream_name: theirs, config: consumer });
  it.each([
    ["written", "theirs.1.orders"],
    ["read", `${natsApi}.STREAM.MSG.GET.${theirs}`],
    ["read by JetStream", `$JS.API.STREAM.MSG.GET.${theirs}`],
    ["read directly", `$JS.API.DIRECT.GET.${theirs}`],
    ["known to be there", `${natsApi}.STREAM.INFO.${theirs}`],
    ["found by a subject", "$JS.API.STREAM.NAMES"],
    ["listed", "$JS.API.STREAM.LIST"],
    ["counted", "$JS.API.INFO"],
    ["consumed", `$JS.API.CONSUMER.CREATE.${theirs}.mine`, pushing],
    ["pulled", `$JS.API.CONSUMER.MSG.NEXT.${theirs}.mine`],
    ["consumed by others' consumers", `$JS.API.CONSUMER.LIST.${theirs}`],
    ["mirrored", "$JS.API.STREAM.CREATE.mine", JSON.stringify({ name: "mine", mirror: { name: theirs } })],
    [
      "written out",
      `$JS.API.STREAM.SNAPSHOT.${theirs}`,
      JSON.stringify({ deliver_subject: "ours.1.orders" }),
    ],
    ["changed", `$JS.API.STREAM.UPDATE.${theirs}`, JSON.stringify({ name: theirs, subjects: ["x"] })],
    ["taken out", `$JS.API.STREAM.MSG.DELETE.${theirs}`],
    ["purged", `$JS.API.STREAM.PURGE.${theirs}`],
    ["removed", `$JS.API.STREAM.DELETE.${theirs}`],
    ["seen by way of the server", "$SYS.REQ.SERVER.PING.JSZ"],
    ["seen by way of the system", "$SYS.REQ.ACCOUNT.PING.SUBSZ"],
    ["given accounts", "$SYS.REQ.CLAIMS.LIST"],
  ])("what is another's cannot be %s", async (_, subject, body = '{"seq":1}') => {
    const client = await as("ours");
    const answer = await ask(client, subject, body).catch((error: Error) => error.message);
    expect(answer).toMatch(/no responders|JetStream not enabled for account/);
    expect(answer).not.toContain(Buffer.from("secret").toString("base64"));
    expect(await messagesOf("theirs")).toBe(1);
  });

  it("sees only its own connections and account", async () => {
    const client = await as("ours");
    await as("theirs");
    const [connections, account] = [
      await ask(client, "$SYS.REQ.ACCOUNT.PING.CONNZ", "{}"),
      await ask(client, "$SYS.REQ.ACCOUNT.PING.STATZ"),
    ];
    expect(connections).not.toMatch(/theirs|prism-worker/);
    expect(account).toContain("prism.ours.1");
    expect(account).not.toMatch(/theirs|PRISM/);
  });

  it("can have no answer written where another reads", async () => {
    const client = await as("ours");
    const before = await messagesOf("ours");
    client.publish("ours.1.orders", "trick", { reply: "theirs.1.orders" });
    client.publish("ours.1.orders", "trick", { reply: `$JS.API.STREAM.PURGE.${theirs}` });
    client.publish(`${natsApi}.STREAM.INFO.ours-pubsub_1`, "", { reply: "theirs.1.orders" });
    await expect.poll(() => messagesOf("ours")).toBe(before + 2);
    // The answer to a question that was asked afterwards has come: theirs would have too.
    await ask(client, `${natsApi}.STREAM.INFO.ours-pubsub_1`);
    expect(await messagesOf("theirs")).toBe(1);
  });

  it("hears nothing of what others are sent", async () => {
    const client = await as("ours");
    const heard: string[] = [];
    client.subscribe(">", { callback: (_, { subject }) => void heard.push(subject) });
    await client.flush();
    await jetstream(admin).publish("ours.1.orders", "for us");
    admin.publish("theirs.live", "for them");
    await admin.flush();
    await client.flush();
    expect(heard.filter((subject) => !subject.startsWith("_INBOX."))).toEqual([]);
  });

  it("has another login when its name is used again, and the old one opens nothing", async () => {
    await backend.ensure(streamOf("again"), call("again", 1));
    const client = await as("again", 1);
    const ended = client.closed();
    await jetstream(client).publish("again.1.orders", "of the first life");
    await backend.remove(streamOf("again"), call("again", 1));
    expect(String(await ended)).toMatch(/Account Authentication Expired|closed/i);
    await backend.ensure(streamOf("again"), call("again", 2));
    await expect(as("again", 1)).rejects.toThrow(/authorization/i);
    const next = await as("again", 2);
    expect(await ask(next, `${natsApi}.STREAM.INFO.again-pubsub_2`)).toContain('"messages":0');
    await expect(ask(next, "again.1.orders", "late")).rejects.toThrow(/no responders/);
    await backend.remove(streamOf("again"), call("again", 2));
  });

  it("has another login once the platform's secret is another, and the old one opens nothing", async () => {
    await backend.ensure(streamOf("secret"), call("secret"));
    const client = await as("secret");
    const other = nats({ ...common, ...given, logins: logins("another secret") });
    expect(await other.observe(streamOf("secret"), call("secret"))).toMatchObject({ state: "drifted" });
    await other.ensure(streamOf("secret"), call("secret"));
    await client.closed();
    await expect(as("secret")).rejects.toThrow(/authorization/i);
    expect(await other.observe(streamOf("secret"), call("secret"))).toMatchObject({ state: "ready" });
    // Also where it is removed by who knows only the former secret.
    await backend.remove(streamOf("secret"), call("secret"));
    expect(await other.observe(streamOf("secret"), call("secret"))).toEqual({ state: "absent" });
    await other.close();
  });

  it("leaves no login behind where its stream was deleted past Prism", async () => {
    await backend.ensure(streamOf("lonely"), call("lonely"));
    await streams.streams.delete("lonely-pubsub_1");
    const other = nats({ ...common, ...given, logins: logins("another secret") });
    const owner = { namespace: "lonely", incarnation: 1 };
    await goesAlone({ backend, other, owner, name: "prism.lonely.1" });
    await other.close();
  });

  it("goes with a life that was found dead, also the login", async () => {
    await backend.ensure(streamOf("left"), call("left", 1));
    const client = await as("left", 1);
    await backend.ensure(streamOf("left"), call("left", 2));
    await client.closed();
    await expect(as("left", 1)).rejects.toThrow(/authorization/i);
    await backend.remove(streamOf("left"), call("left", 2));
  });

  it("has a login again after one was made, taken and made within a moment", async () => {
    for (const _ of [1, 2, 3]) {
      await backend.ensure(streamOf("quick"), call("quick"));
      await (await as("quick")).close();
      await backend.remove(streamOf("quick"), call("quick"));
      expect(await backend.observe(streamOf("quick"), call("quick"))).toEqual({ state: "absent" });
    }
  });

  it("shows a login that reaches more, or none, as drift, and mends it", async () => {
    const { identity, login } = await backend.ensure(streamOf("wide"), call("wide"));
    expect(login).toEqual({ user: "prism.wide.1" });
    const { account } = natsCredentials(common.logins, streamOf("wide"), {
      namespace: "wide",
      incarnation: 1,
    });
    const { operator = "", system: [jwt = "", seed = ""] = [] } = {
      operator: given.trust?.operator,
      system: given.trust?.system.split(":"),
    };
    const authenticator = jwtAuthenticator(jwt, text(seed));
    const system = await connect({ servers: new URL(given.url).host, authenticator });
    open.push(system);
    const id = publicKey(account);
    const claims = claimsIn(await ask(system, `$SYS.REQ.ACCOUNT.${id}.CLAIMS.LOOKUP`));
    const imports = claims.nats["imports"] as Record<string, string>[];
    const wider = [
      ...imports,
      { ...imports[0], name: "more", subject: "theirs.1.>", local_subject: "more.>" },
    ];
    const limits = { ...(claims.nats["limits"] as object), imports: -1 };
    const meddled = { ...claims, jti: "by hand", nats: { ...claims.nats, limits, imports: wider } };
    await ask(system, "$SYS.REQ.CLAIMS.UPDATE", signed(operator, meddled));
    const seen = await backend.observe(streamOf("wide"), call("wide"));
    expect(seen).toMatchObject({
      state: "drifted",
      drift: [{ field: "login's limits" }, { field: "login's imports" }],
    });
    await backend.ensure(streamOf("wide"), call("wide"));
    expect(await backend.observe(streamOf("wide"), call("wide"))).toEqual({ state: "ready", identity });
    await backend.remove(streamOf("wide"), call("wide"));
  });

  it("is told why it has no login where the server takes none from Prism", async () => {
    const others = natsGiven(server.environment({ ...own.place, secret: "of another server" }));
    const without = async (trust: typeof given.trust) => {
      const wrong = nats({ ...common, url: given.url, trust });
      const { login } = await wrong.ensure(streamOf("wrong"), call("wrong"));
      await wrong.remove(streamOf("wrong"), call("wrong"));
      await wrong.close();
      return (login as { none: string }).none;
    };
    const system = given.trust?.system ?? "";
    const operator = others.trust?.operator ?? "";
    expect(await without(undefined)).toContain("PRISM_NATS_OPERATOR");
    expect(await without(others.trust)).toContain("does not let PRISM_NATS_SYSTEM in");
    expect(await without({ operator, system })).toContain("not trusted");
    const noSystem = /\/\/([^@]*)@/.exec(given.url)?.[1] ?? "";
    expect(await without({ operator, system: noSystem })).toContain("no user of a system account");
  });

  it("keeps its login when the server starts again", async () => {
    await own.restart();
    const client = await as("ours");
    expect(await ask(client, `${natsApi}.STREAM.INFO.ours-pubsub_1`)).toContain("ours-pubsub_1");
  });
});
