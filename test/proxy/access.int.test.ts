import { setTimeout as pause } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { ProbeService, State } from "../../proto/gen/prism/control/v1/control_pb.js";
import { QueueService } from "../../proto/gen/prism/v1/queue_pb.js";
import { toPeer } from "../../runtime/mutual-tls.ts";
import { type ControlPlane, controlPlane, queueEntry } from "./control-plane.ts";
import { identityOf } from "./identities.ts";
import { rawClient } from "./raw-client.ts";
import { as, kafkaTopic, startProxy } from "./stage.ts";

let control: ControlPlane;
let proxy: Awaited<ReturnType<typeof startProxy>>;
let topic: string;

beforeAll(async () => {
  control = await controlPlane();
  topic = await kafkaTopic(2);
  control.put(queueEntry("orders", topic));
  control.put(queueEntry("tiered", topic, { patterns: [{ type: "tiered-storage", version: 1 }] }));
  control.put(queueEntry("cache", topic, { clientApi: "keyvalue" }));
  // Nobody looks at the streams by the clock: what ends them is what the control plane says.
  proxy = await startProxy(control, { recheckMs: 3_600_000 });
  await control.acknowledged();
});

const publishing = (metadata: Record<string, string>, topic = "t") =>
  rawClient(proxy.address, metadata).refused(QueueService.method.publish, { topic });
const called = (who: string, namespace = "orders", more: Record<string, string> = {}) => ({
  authorization: `Bearer ${who}`,
  "prism-namespace": namespace,
  ...more,
});

describe("a publish is refused", () => {
  it.each([
    ["without a token", { "prism-namespace": "orders" }, "UNAUTHENTICATED", "UNAUTHENTICATED"],
    ["with a token that is none", called("forged"), "UNAUTHENTICATED", "UNAUTHENTICATED"],
    ["without a namespace", { authorization: "Bearer owner" }, "INVALID_ARGUMENT", "INVALID_CONFIGURATION"],
    ["to a read-only consumer", called("reader"), "PERMISSION_DENIED", "FORBIDDEN"],
    ["to a stranger", called("stranger"), "NOT_FOUND", "NOT_FOUND"],
    ["to the platform", called("platform"), "PERMISSION_DENIED", "FORBIDDEN"],
    ["to the auditor", called("auditor"), "PERMISSION_DENIED", "FORBIDDEN"],
    ["for a name nobody has", called("owner", "nothing"), "NOT_FOUND", "NOT_FOUND"],
    ["over another client API", called("owner", "cache"), "FAILED_PRECONDITION", "WRONG_CLIENT_API"],
    [
      "for a version in words",
      called("owner", "orders", { "prism-min-version": "new" }),
      "INVALID_ARGUMENT",
      "INVALID_CONFIGURATION",
    ],
  ])("%s", async (_, metadata, status, reason) => {
    expect(await publishing(metadata)).toMatchObject({ status, reason });
  });

  it("to a stranger in the same words as for a name nobody has", async () => {
    const stranger = rawClient(proxy.address, called("stranger"));
    const nobody = rawClient(proxy.address, called("stranger", "nothing"));
    const said = async (client: ReturnType<typeof rawClient>) => {
      const error = await client
        .unary(QueueService.method.publish, { topic: "t" })
        .catch((reason: Error) => reason);
      return (error as Error).message.replace(/'[a-z]+'/, "'…'");
    };
    expect(await said(stranger)).toBe(await said(nobody));
  });

  it("on a reserved topic, with the field and the cure", async () => {
    const refusal = await publishing(called("owner"), "prism-probe");
    expect(refusal).toMatchObject({ reason: "INVALID_CONFIGURATION", details: { field: "topic" } });
    expect(refusal.details["recommendation"]).toContain("prism-");
  });

  it("with a payload over the namespace's limit, by Prism and not by gRPC", async () => {
    const large = as("owner", "orders", proxy).queue.publish("t", new Uint8Array(5_000_000));
    await expect(large).rejects.toMatchObject({
      code: "PAYLOAD_TOO_LARGE",
      details: { limit_bytes: "1000000" },
    });
  });
});

describe("what a caller may do", () => {
  it("a read-only consumer reads what a writer wrote", async () => {
    await as("writer", "orders", proxy).queue.publish("seen", 1);
    const consumption = as("reader", "orders", proxy).queue.consume("seen", { group: "g", from: "earliest" });
    expect((await consumption.next()).value?.json()).toBe(1);
    await consumption.return();
  });

  it("a stranger reads nothing", async () => {
    const consumption = as("stranger", "orders", proxy).queue.consume("seen", { group: "g" });
    await expect(consumption.next()).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("a stream ends", () => {
  it("with its token", async () => {
    const raw = rawClient(proxy.address, called("brief"));
    const call = raw.stream(QueueService.method.consume);
    call.on("data", () => {});
    const error = await new Promise<Error>((resolve) => call.once("error", resolve));
    expect(error.message).toContain("expired");
    raw.close();
  });

  it("when its caller loses access, without anybody having to look", async () => {
    control.put(queueEntry("closing", topic));
    await control.acknowledged();
    const reader = as("reader", "closing", proxy).queue.consume("t", { group: "g" });
    await reader.ready;
    const lost = reader.next().catch((error: Error) => error);
    control.put(queueEntry("closing", topic, { consumers: [], version: 2 }));
    expect(await lost).toMatchObject({ code: "NOT_FOUND" });
  });

  it("when its namespace drains; what is gone is not there for anybody", async () => {
    control.put(queueEntry("draining", topic));
    await control.acknowledged();
    const owner = as("owner", "draining", proxy);
    const consumption = owner.queue.consume("t", { group: "h" });
    await consumption.ready;
    const drained = consumption.next().catch((error: Error) => error);
    control.put(queueEntry("draining", topic, { state: State.DRAINING, version: 2 }));
    expect(await drained).toMatchObject({ code: "NAMESPACE_DELETING" });
    await expect(owner.queue.publish("t", 1)).rejects.toMatchObject({ code: "NAMESPACE_DELETING" });
    control.remove("draining");
    await control.acknowledged();
    expect(await publishing(called("owner", "draining"))).toMatchObject({ reason: "NOT_FOUND" });
  });
});

describe("a namespace that is about to be", () => {
  it("lets a call wait until it serves, and refuses one that has waited too long", async () => {
    control.put(queueEntry("soon", topic, { state: State.PROBING }));
    await control.acknowledged();
    const early = as("owner", "soon", proxy).queue.publish("t", 1);
    await pause(200);
    control.put(queueEntry("soon", topic));
    expect((await early).offset).not.toBe("");

    control.put(queueEntry("never", topic, { state: State.PROBING }));
    await control.acknowledged();
    const answers: { status: string; reason: string }[] = [];
    const ask = async (who: string) => answers.push(await publishing(called(who, "never")));
    const kept = ask("owner");
    await pause(200);
    // Who may not see it is not kept waiting.
    await Promise.all([kept, ask("stranger")]);
    expect(answers).toMatchObject([
      { status: "NOT_FOUND", reason: "NOT_FOUND" },
      { status: "UNAVAILABLE", reason: "NAMESPACE_NOT_READY" },
    ]);
  });

  it("answers only with the version that was asked for", async () => {
    const ahead = called("owner", "orders", { "prism-min-version": "2" });
    expect(await publishing(ahead)).toMatchObject({ reason: "NAMESPACE_NOT_READY" });
    const raw = rawClient(proxy.address, { ...ahead, "prism-namespace": "ahead" });
    const waiting = raw.unary(QueueService.method.publish, { topic: "t" });
    await pause(100);
    control.put(queueEntry("ahead", topic, { version: 2 }));
    await expect(waiting).resolves.toBeDefined();
    raw.close();
  });
});

describe("the probe", () => {
  const probing = async () => {
    const identity = await identityOf({ role: "control", name: "worker" });
    return rawClient(
      `127.0.0.1:${proxy.probePort}`,
      {},
      toPeer(identity, () => true),
    );
  };
  const target = { namespace: "probed", incarnation: 7 };

  it("goes through a namespace that serves nobody yet, and is seen by no consumer and no metric", async () => {
    control.put(queueEntry("probed", topic, { state: State.PROBING, incarnation: 7 }));
    await control.acknowledged();
    const answer = await (await probing()).unary(ProbeService.method.probe, target);
    expect(answer).toMatchObject({ messageId: expect.any(String), tookMs: expect.any(Number) });
    control.put(queueEntry("probed", topic, { incarnation: 7 }));
    await control.acknowledged();
    const owner = as("owner", "probed", proxy);
    const refused = owner.queue.consume("prism-probe", { group: "g" });
    await expect(refused.next()).rejects.toMatchObject({ code: "INVALID_CONFIGURATION" });
    const metrics = await (await fetch(`http://127.0.0.1:${proxy.operatorPort}/metrics`)).text();
    expect(metrics).toContain('prism_namespace_requests_total{namespace="probed"} 1');
    expect(metrics).toContain('prism_requests_total{namespace="probed",api="queue",status="success"} 0');
  });

  it("is for the life it names", async () => {
    const other = { ...target, incarnation: 8 };
    expect(await (await probing()).refused(ProbeService.method.probe, other)).toMatchObject({
      reason: "NAMESPACE_NOT_READY",
    });
  });

  it("is not to be had where clients call", async () => {
    const raw = rawClient(proxy.address, { authorization: "Bearer owner" });
    expect(await raw.refused(ProbeService.method.probe, target)).toMatchObject({ status: "UNIMPLEMENTED" });
    raw.close();
  });
});

describe("for operators", () => {
  it("says what is up, and what the plans promise that is not enforced yet", async () => {
    const readiness = async () => {
      const answer = await fetch(`http://127.0.0.1:${proxy.operatorPort}/readyz`);
      return { status: answer.status, said: await answer.json() };
    };
    // Asked again: a busy machine's Kafka may be late for once.
    await expect.poll(readiness).toMatchObject({
      status: 200,
      said: {
        ready: true,
        checks: { kafka: "ok", directory: "ok" },
        control_plane: { connected: true },
        not_enforced_yet: { tiered: ["tiered-storage"] },
      },
    });
  });

  it("answers grpc.health.v1", async () => {
    const raw = rawClient(proxy.address, {});
    const call = raw.bytes("/grpc.health.v1.Health/Watch");
    // HealthCheckRequest { service = 1 }, HealthCheckResponse { status = 1: SERVING = 1 }
    const service = Buffer.from("prism.v1.QueueService");
    call.end(Buffer.concat([Buffer.from([0x0a, service.length]), service]));
    const answer = await new Promise<Buffer>((resolve) => call.once("data", resolve));
    expect([...answer]).toEqual([0x08, 0x01]);
    call.cancel();
    raw.close();
  });

  it("tells by reflection which services it has", async () => {
    const raw = rawClient(proxy.address, {});
    const call = raw.bytes("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo");
    // ServerReflectionRequest { list_services = 7: "" }
    call.write(Buffer.from([0x3a, 0x00]));
    const answer = await new Promise<Buffer>((resolve) => call.once("data", resolve));
    expect(answer.includes("prism.v1.QueueService")).toBe(true);
    call.cancel();
    raw.close();
  });

  it("labels metrics with nothing a caller made up", async () => {
    await publishing(called("owner", "made-up"));
    const metrics = await (await fetch(`http://127.0.0.1:${proxy.operatorPort}/metrics`)).text();
    expect(metrics).not.toContain("made-up");
    expect(metrics).toContain('prism_requests_total{namespace="orders",api="queue",status="FORBIDDEN"}');
    expect(metrics).toMatch(/prism_latency_seconds_bucket\{le="0.01",namespace="orders",api="queue"\} \d+/);
    expect(metrics).toMatch(/prism_namespace_latency_ms\{namespace="orders",p="p99"\} [\d.]+/);
    expect(metrics).toContain('prism_backend_errors_total{namespace="orders",backend="kafka"} 0');
  });
});
