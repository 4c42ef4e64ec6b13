import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { described } from "../api/described.ts";
import { type TestPrism, testPrism, type Wish } from "../setup/prism.ts";
import { member, orderApi, queueRequest, stranger } from "./request.ts";

/** The callers of `api.md` §2, in the order of the table's columns. */
const callers: readonly (readonly [who: string, wish: Wish | undefined])[] = [
  ["a member of the owning team", member],
  ["a member of another team", stranger],
  ["a read-write consumer", orderApi],
  ["a read-only consumer", { subject: "service:analytics-pipeline" }],
  ["the platform", { subject: "user:root", scopes: ["prism:platform"] }],
  ["an auditor", { subject: "user:auditor", scopes: ["prism:audit"] }],
  ["nobody", undefined],
];

/**
 * What each caller is answered, column by column. A number is the status. With 200:
 * `all` tells of its team or its plan, `few` of its name and no more than a consumer may see, `none` tells
 * nothing of it, `no` is a preview that says FORBIDDEN.
 * 409 is the answer to who may do it, where it has been done; 400 to who may delete it, and did not say its name.
 */
const table: Readonly<Record<string, string>> = {
  "GET /healthz": "none none none none none none none",
  "GET /readyz": "none none none none none none none",
  "GET /metrics": "none none none none none none none",
  "GET /openapi.json": "none none none none none none none",
  "POST /api/v1/namespaces": "409 403 403 403 409 403 401",
  "GET /api/v1/namespaces": "all none few few all all 401",
  "GET /api/v1/namespaces/:ns": "all 404 few few all all 401",
  "GET /api/v1/namespaces/:ns/access": "all 404 403 403 all all 401",
  "GET /api/v1/namespaces/:ns/plan": "all 404 403 403 all all 401",
  "GET /api/v1/namespaces/:ns/endpoints": "few 404 few few few few 401",
  "GET /api/v1/namespaces/:ns/history": "all 404 403 403 all all 401",
  "GET /api/v1/namespaces/:ns/replay": "all 404 403 403 all all 401",
  "PATCH /api/v1/namespaces/:ns": "all 404 403 403 all 403 401",
  "DELETE /api/v1/namespaces/:ns": "400 404 403 403 400 403 401",
  "POST /api/v1/namespaces/:ns/relay/rewind": "all 404 403 403 all 403 401",
  "POST /api/v1/namespaces/:ns/move": "403 404 403 403 400 403 401",
  "POST /api/v1/namespaces/:ns/try/:verb": "501 501 501 501 501 501 401",
  "POST /api/v1/plans": "all no no no all no 401",
  "GET /api/v1/events": "all 404 403 403 all all 401",
  "GET /api/v1/operations": "all none none none all all 401",
  "GET /api/v1/operations/:id": "all 404 404 404 all all 401",
  "GET /api/v1/operations/:id/events": "all 404 404 404 all all 401",
  "POST /api/v1/operations/:id/cancel": "409 404 404 404 409 403 401",
  "POST /api/v1/operations/:id/retry": "409 404 404 404 409 403 401",
  "POST /api/v1/operations/:id/abandon": "409 404 404 404 409 403 401",
  "POST /api/v1/operations/:id/approve": "403 404 404 404 409 403 401",
  "POST /api/v1/operations/:id/reject": "403 404 404 404 409 403 401",
  "GET /api/v1/teams": "all none none none all all 401",
  "GET /api/v1/teams/:team": "all 404 404 404 all all 401",
  "PUT /api/v1/teams/:team": "403 403 403 403 all 403 401",
  "GET /api/v1/audit": "403 403 403 403 all all 401",
  "GET /api/v1/audit/verify": "403 403 403 403 none none 401",
  "GET /api/v1/backends": "none none none none none none 401",
  "GET /api/v1/drift": "403 403 403 403 none none 401",
  "POST /api/v1/reconcile": "403 403 403 403 202 403 401",
  "GET /api/v1/proxies": "403 403 403 403 none none 401",
  "POST /api/v1/proxies/:proxy/evict": "403 403 403 403 404 403 401",
  "POST /api/v1/proxies/:proxy/drain": "403 403 403 403 404 403 401",
  "POST /api/v1/proxies/:proxy/resume": "403 403 403 403 404 403 401",
  "GET /api/v1/shards": "403 403 403 403 none none 401",
  "PUT /api/v1/shards/:shard": "403 403 403 403 none 403 401",
  "POST /api/v1/shards/:shard/drain": "403 403 403 403 none 403 401",
};

/** What consumers must not see, let alone strangers. */
const secrets = ["payments-team", "finance-team", "user:alice", "wal_", "wal-table"];

const tellsSecrets = (text: string): boolean => secrets.some((secret) => text.includes(secret));

describe("who may do what", async () => {
  const { routes } = await described();
  let prism: TestPrism;
  let name: string;
  let operation: string;
  let tokens: readonly (string | undefined)[];
  beforeAll(async () => {
    prism = await testPrism();
    name = prism.name("matrix");
    const platform = await prism.control({ subject: "user:root", scopes: ["prism:platform"] });
    await platform.teams.set("finance-team", {});
    const created = await (await prism.control(member)).namespaces.create(request(name), { waitSeconds: 30 });
    expect(created.status).toBe("active");
    operation = created.operation?.id ?? "";
    tokens = await Promise.all(callers.map(async ([, wish]) => wish && prism.token(wish)));
  });
  afterAll(() => prism?.close());

  const request = (namespace: string) =>
    queueRequest(namespace, {
      access: { ...queueRequest(namespace).access, owners: [{ team: "finance-team" }] },
    });

  const bodies: Readonly<Record<string, () => object>> = {
    "POST /api/v1/namespaces": () => request(name),
    "PATCH /api/v1/namespaces/:ns": () => ({}),
    "POST /api/v1/namespaces/:ns/move": () => ({ shard: "shard-of-nobody" }),
    "POST /api/v1/plans": () => request("another-name"),
    "PUT /api/v1/teams/:team": () => ({ quota: {} }),
    "PUT /api/v1/shards/:shard": () => ({ weight: 2, dedicated: true }),
    "POST /api/v1/proxies/:proxy/evict": () => ({ reason: "it burns" }),
    "POST /api/v1/operations/:id/approve": () => ({ plan_hash: "0" }),
    "POST /api/v1/operations/:id/reject": () => ({ plan_hash: "0", reason: "because" }),
  };

  const ask = async (route: string, token: string | undefined): Promise<string> => {
    const [method = "", path = ""] = route.split(" ");
    const at = path
      .replace(":ns", name)
      .replace(":id", operation)
      .replace(":team", "payments-team")
      .replace(":verb", "get")
      .replace(":shard", "shard-of-nobody")
      .replace(":proxy", "proxy-of-nobody");
    // A feed of everything shows to each what is theirs; asked for one namespace it says who may see it.
    const query = route === "GET /api/v1/events" ? `?namespace=${name}&after=0` : "";
    const leaving = new AbortController();
    const answer = await fetch(`${prism.api}${at}${query}`, {
      method,
      signal: leaving.signal,
      headers: {
        "content-type": "application/json",
        // One operation at a time: who may begin one waits for its end.
        ...(route.endsWith("/rewind") && { prefer: "wait=30" }),
        ...(token && { authorization: `Bearer ${token}` }),
      },
      ...(bodies[route] && { body: JSON.stringify(bodies[route]()) }),
    });
    const text = route === "GET /api/v1/events" ? await firstEvents(answer) : await answer.text();
    leaving.abort();
    if (answer.status === 200) return seenIn(text);
    // What they said themselves may come back to them.
    const tells = bodies[route] === undefined && tellsSecrets(text.replaceAll("'payments-team'", ""));
    return tells ? `${answer.status}, and tells` : String(answer.status);
  };

  const seenIn = (text: string): string => {
    if (text.includes('"violations":[{"code":"FORBIDDEN"')) return "no";
    if (tellsSecrets(text)) return "all";
    return text.includes(name) ? "few" : "none";
  };

  it("a feed of everything tells strangers and consumers nothing", async () => {
    for (const token of tokens.slice(1, 4)) {
      const leaving = new AbortController();
      const headers = { authorization: `Bearer ${token}` };
      const answer = await fetch(`${prism.api}/api/v1/events?after=0`, { headers, signal: leaving.signal });
      setTimeout(() => leaving.abort(), 700);
      expect(seenIn(await firstEvents(answer))).toBe("none");
    }
  });

  it("is said of every route there is, and of none that is not", () =>
    expect(Object.keys(table).sort()).toEqual(routes.filter((route) => !route.includes("/docs"))));

  it.each(Object.entries(table).map(([route, expected]) => ({ route, expected })))(
    "$route",
    async ({ route, expected }) => {
      const answers: string[] = [];
      for (const token of tokens) answers.push(await ask(route, token));
      const told = Object.fromEntries(callers.map(([who], index) => [who, answers[index]]));
      const wanted = expected.split(" ");
      expect(told).toEqual(Object.fromEntries(callers.map(([who], index) => [who, wanted[index]])));
    },
  );
});

/** What a feed sends until it has told what there was. */
async function firstEvents(answer: Response): Promise<string> {
  let text = "";
  try {
    for await (const part of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += part;
      if (text.includes("NamespaceActivated")) break;
    }
  } catch (error) {
    if ((error as Error).name !== "AbortError") throw error;
  }
  return text;
}
