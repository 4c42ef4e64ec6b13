import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openEventStore } from "../../eventstore/open.ts";
import { type TestPrism, testPrism } from "../setup/prism.ts";
import { member, orderApi, queueRequest, stranger } from "./request.ts";

type Answer = { status: number; error: { code: string; message: string; details: Record<string, unknown> } };

/** What is wrong, how, and the code and field it must be answered with. */
type Wrong = readonly [
  what: string,
  body: unknown,
  code: string,
  field: string,
  headers?: Record<string, string>,
];

const statusOf: Readonly<Record<string, number>> = {
  FORBIDDEN: 403,
  UNIMPLEMENTED: 501,
  PAYLOAD_TOO_LARGE: 413,
};

describe("what is refused", () => {
  let prism: TestPrism;
  let token: string;
  beforeAll(async () => {
    prism = await testPrism();
    token = await prism.token(member);
  });
  afterAll(() => prism?.close());

  const send = async (body: unknown, headers: Record<string, string> = {}): Promise<Answer> => {
    const answer = await fetch(`${prism.api}/api/v1/namespaces`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    return { status: answer.status, ...((await answer.json()) as Omit<Answer, "status">) };
  };

  /** What is left behind beside the audit log: events in the store, and what may be listed. */
  const traces = async () => {
    const store = openEventStore(prism.environment["PRISM_CONTROL_URL"] ?? "");
    const platform = await prism.control({ subject: "user:root", scopes: ["prism:platform"] });
    try {
      let last = 0n;
      const filter = { streamPrefixes: ["namespace-", "team-", "shard-"] };
      for await (const event of store.readAll({ filter, backwards: true, limit: 1 })) last = event.position;
      const { items: operations } = await platform.operations.list();
      return { last, operations: operations.length };
    } finally {
      await store.close();
    }
  };

  const sound = queueRequest("a-sound-name");
  const needing = (needs: Record<string, unknown>) => ({ ...sound, needs: { ...sound.needs, ...needs } });
  const wrong: readonly Wrong[] = [
    ["a name in capitals", { ...sound, namespace: "Orders" }, "INVALID_CONFIGURATION", "namespace"],
    ["a name with an underscore", { ...sound, namespace: "my_orders" }, "INVALID_CONFIGURATION", "namespace"],
    [
      "a name of 65 characters",
      { ...sound, namespace: "a".repeat(65) },
      "INVALID_CONFIGURATION",
      "namespace",
    ],
    ["no name", { ...sound, namespace: undefined }, "INVALID_CONFIGURATION", "namespace"],
    ["an unknown field", { ...sound, owner: "me" }, "INVALID_CONFIGURATION", "owner"],
    ["a misspelt need", needing({ write_rp: 5 }), "INVALID_CONFIGURATION", "needs.write_rp"],
    ["an unknown client API", { ...sound, client_api: "topic" }, "INVALID_CONFIGURATION", "client_api"],
    ["a size without a unit", needing({ data_size: 100 }), "INVALID_CONFIGURATION", "needs.data_size"],
    [
      "a retention that is no duration",
      needing({ retention: "long" }),
      "INVALID_CONFIGURATION",
      "needs.retention",
    ],
    ["a negative rate", needing({ write_rps: -1 }), "INVALID_CONFIGURATION", "needs.write_rps"],
    [
      "a durability nobody has",
      needing({ durability: "total" }),
      "INVALID_CONFIGURATION",
      "needs.durability",
    ],
    ["no access", { ...sound, access: undefined }, "INVALID_CONFIGURATION", "access"],
    [
      "a consumer without a service",
      { ...sound, access: { consumers: [{}] } },
      "INVALID_CONFIGURATION",
      "access.consumers[0].service",
    ],
    [
      "pci without audit",
      { ...sound, policies: { compliance: "pci" } },
      "INVALID_CONFIGURATION",
      "policies.compliance",
    ],
    ["an expert's field", { ...sound, backend: { type: "kafka" } }, "BOUNDARY_VIOLATION", "backend"],
    ["a team of others", { ...sound, team: "marketing-team" }, "FORBIDDEN", "team"],
    [
      "what Prism will not serve yet",
      { ...sound, client_api: "reader", needs: { data_model: "graph" } },
      "UNIMPLEMENTED",
      "needs.data_model",
    ],
    ["broken JSON", "{", "INVALID_CONFIGURATION", "body"],
    ["broken YAML", "a: [", "INVALID_CONFIGURATION", "body", { "content-type": "application/yaml" }],
    [
      "a body of another kind",
      "<x/>",
      "INVALID_CONFIGURATION",
      "content-type",
      { "content-type": "application/xml" },
    ],
    ["no body", "", "INVALID_CONFIGURATION", "body"],
    ["more than a mebibyte", JSON.stringify("x".repeat(1_100_000)), "PAYLOAD_TOO_LARGE", "body"],
    [
      "an endless key",
      sound,
      "INVALID_CONFIGURATION",
      "Idempotency-Key",
      { "idempotency-key": "k".repeat(201) },
    ],
  ];

  it.each(wrong.map((each) => ({ what: each[0], each })))(
    "$what",
    async ({ each: [, body, code, field, headers] }) => {
      const before = await traces();
      const answer = await send(body, headers);
      expect(answer.error).toMatchObject({ code, details: { field } });
      expect(answer.error.message.length).toBeGreaterThan(10);
      expect(answer.status).toBe(statusOf[code] ?? 400);
      expect(await traces()).toEqual(before);
    },
  );

  it("everything that is wrong, at once", async () => {
    const { error } = await send({
      ...sound,
      namespace: "Orders",
      client_api: "topic",
      needs: { write_rps: "many" },
    });
    const fields = (error.details["violations"] as { details: { field: string } }[]).map(
      ({ details }) => details.field,
    );
    expect(fields).toEqual(expect.arrayContaining(["namespace", "client_api", "needs.write_rps"]));
  });

  describe("tokens", () => {
    const asking = async (authorization?: string): Promise<Answer> => {
      const answer = await fetch(`${prism.api}/api/v1/namespaces`, {
        headers: authorization ? { authorization } : {},
      });
      return { status: answer.status, ...((await answer.json()) as Omit<Answer, "status">) };
    };
    const claims = {
      sub: "user:alice",
      iss: "urn:prism:development",
      aud: "prism",
      groups: ["payments-team"],
    };

    it("none, and nonsense", async () => {
      for (const authorization of [undefined, "Bearer x.y.z", "Basic YTpi", "Bearer"]) {
        expect(await asking(authorization)).toMatchObject({
          status: 401,
          error: { code: "UNAUTHENTICATED" },
        });
      }
    });
    it("expired", async () => {
      const answer = await asking(`Bearer ${await prism.token({ ...member, ttlSeconds: -60 })}`);
      expect(answer).toMatchObject({
        status: 401,
        error: { message: "not signed in: the token has expired" },
      });
    });
    it("signed by another issuer, in our issuer's name", async () => {
      const { privateKey, publicKey } = await generateKeyPair("ES256");
      expect(await exportJWK(publicKey)).toHaveProperty("kty", "EC");
      const forged = await new SignJWT(claims)
        .setProtectedHeader({ alg: "ES256" })
        .setExpirationTime("1h")
        .sign(privateKey);
      expect(await asking(`Bearer ${forged}`)).toMatchObject({
        status: 401,
        error: { code: "UNAUTHENTICATED" },
      });
    });
    it("alg: none", async () => {
      const unsigned = new UnsecuredJWT(claims).setExpirationTime("1h").encode();
      expect(await asking(`Bearer ${unsigned}`)).toMatchObject({
        status: 401,
        error: { code: "UNAUTHENTICATED" },
      });
    });
    it("a subject that is neither user nor service", async () => {
      const answer = await asking(`Bearer ${await prism.token({ subject: "alice" })}`);
      expect(answer).toMatchObject({ status: 401, error: { code: "UNAUTHENTICATED" } });
    });
  });

  describe("a namespace that is there", () => {
    let taken: string;
    beforeAll(async () => {
      taken = prism.name("taken");
      const control = await prism.control(member);
      const created = await control.namespaces.create(queueRequest(taken), { waitSeconds: 30 });
      expect(created.status).toBe("active");
    });

    it("does not give its name away, and adds nothing", async () => {
      const before = await traces();
      const { status, error } = await send(queueRequest(taken));
      expect({ status, ...error }).toMatchObject({
        status: 409,
        code: "NAMESPACE_EXISTS",
        message: `Namespace '${taken}' already exists`,
        details: {
          existing_owner: "payments-team",
          created_at: expect.stringMatching(/^\d{4}-/),
          recommendation: "Choose a different namespace name or contact existing owner",
        },
      });
      expect(await traces()).toEqual(before);
    });

    it("tells strangers that the name is taken, and not by whom", async () => {
      const body = { ...queueRequest(taken), team: "marketing-team", access: {} };
      const { error } = await send(body, { authorization: `Bearer ${await prism.token(stranger)}` });
      expect(error.code).toBe("NAMESPACE_EXISTS");
      expect(error.details).not.toHaveProperty("existing_owner");
    });

    it("does not exist for strangers, in any answer", async () => {
      const control = await prism.control(stranger);
      for (const ask of [
        control.namespaces.get,
        control.namespaces.history,
        control.namespaces.endpoints,
        control.namespaces.plan,
        control.namespaces.access,
      ]) {
        await expect(ask(taken)).rejects.toMatchObject({ code: "NOT_FOUND" });
      }
      expect((await control.namespaces.list()).items).toEqual([]);
      expect((await control.operations.list()).items).toEqual([]);
    });

    it("shows its consumers name, status, endpoints and client API, and no more", async () => {
      const control = await prism.control(orderApi);
      const seen = await control.namespaces.get(taken);
      expect(Object.keys(seen).sort()).toEqual(["client_api", "endpoints", "namespace", "status"]);
      await expect(control.namespaces.plan(taken)).rejects.toMatchObject({ code: "FORBIDDEN" });
      await expect(control.namespaces.history(taken)).rejects.toMatchObject({ code: "FORBIDDEN" });
    });

    it("is created once under one Idempotency-Key, and the key serves no other request", async () => {
      const control = await prism.control(member);
      const request = queueRequest(prism.name("once"));
      const first = await control.namespaces.create(request, { waitSeconds: 30, idempotencyKey: "key-1" });
      const again = await control.namespaces.create(request, { waitSeconds: 30, idempotencyKey: "key-1" });
      expect(again.operation?.id).toBe(first.operation?.id);
      expect(again.status).toBe("active");
      const other = queueRequest(prism.name("other"));
      await expect(control.namespaces.create(other, { idempotencyKey: "key-1" })).rejects.toMatchObject({
        code: "IDEMPOTENCY_KEY_REUSED",
      });
    });
  });

  it("what is not built yet, by name", async () => {
    const answer = await fetch(`${prism.api}/api/v1/namespaces/orders/try/get`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
    });
    expect(answer.status).toBe(501);
    expect(await answer.json()).toMatchObject({
      error: {
        code: "UNIMPLEMENTED",
        details: { missing: "trying the data plane through the API" },
      },
    });
  });
});
