import { isDeepStrictEqual } from "node:util";
import { expect } from "vitest";
import { parseDuration } from "../../domain/request/duration.ts";
import { requestedAmounts } from "../../domain/request/quota.ts";
import type { NamespaceRequest } from "../../domain/request/request.ts";
import { nothing, read } from "../../domain/team/quota.ts";
import type { HistoryEvent } from "../../sdk/typescript/answers.ts";
import type { Control } from "../../sdk/typescript/control.ts";
import type { TestPrism } from "../setup/prism.ts";
import { until } from "../setup/until.ts";
import { lastEvents, type Model } from "../workflows/life-model.ts";
import { planOf } from "../workflows/life-story.ts";
import { configuration } from "./holdings.ts";
import { orderApi } from "./request.ts";

type Settings = Readonly<Record<string, string>>;

/** What the servers hold of a life since it began, and what was asked for then. */
export type Basis = { readonly request: NamespaceRequest; readonly held: Settings };

export type World = { readonly prism: TestPrism; readonly alice: Control; readonly namespace: string };

/**
 * Compares what people are told, what is counted on the team, what the servers hold and what the proxy serves
 * with the model, while nothing is under way. Answers the life's basis.
 */
export async function agrees(
  world: World,
  model: Model,
  basis: Basis | undefined,
): Promise<Basis | undefined> {
  const { alice, namespace } = world;
  const { request, status, version, operations } = model;
  const reserved = request === undefined ? nothing : requestedAmounts(request.needs);
  // Projections follow the events.
  const served = status === "active";
  const expected = {
    status,
    version: status === "absent" ? undefined : version,
    served,
    reserved,
    operations,
  };
  let seen: Awaited<ReturnType<typeof told>> | undefined;
  const isSo = async () => {
    seen = await told(world, `${namespace}-team`);
    return isDeepStrictEqual(seen, expected);
  };
  await until(isSo, 60_000).catch(() => {});
  expect(seen).toEqual(expected);
  const held = await oneAtATime(() => configuration(world.prism.environment, namespace));
  if (request === undefined) expect(held).toEqual({});
  const began = request === undefined ? undefined : (basis ?? { request, held });
  if (began !== undefined && request !== undefined) {
    expect(held).toEqual(expectedOf(began, request));
    for (const { kind, name } of planOf(request).plan.resources)
      if (named.has(kind)) expect(Object.keys(held)).toContainEqual(expect.stringContaining(name));
  }
  if (status !== "absent")
    toldOnce((await alice.namespaces.history(namespace, { limit: "1000" })).items, model);
  if (status === "active") expect(await alice.namespaces.replay(namespace)).toMatchObject({ equal: true });
  await serves(world, model);
  return began;
}

/** Resources that bear their name on the server. */
const named: ReadonlySet<string> = new Set(["topic", "table", "stream", "schema"]);

async function told({ alice, namespace }: World, team: string) {
  const shown = await alice.namespaces.get(namespace).catch((error: { code?: string }) => {
    if (error.code === "NOT_FOUND") return { status: "absent", version: undefined, endpoints: [] };
    throw error;
  });
  const { items } = await alice.operations.list({ namespace });
  return {
    status: shown.status,
    version: shown.version,
    served: shown.endpoints.length > 0,
    reserved: read((await alice.teams.get(team)).reserved),
    operations: items
      .toSorted((a, b) => a.started_at.localeCompare(b.started_at))
      .map(({ id, state }) => ({ id, state })),
  };
}

/** As it was when the life began, but for what the updates since have asked for. */
const expectedOf = ({ request: then, held }: Basis, { needs }: NamespaceRequest): Settings =>
  Object.fromEntries(
    Object.entries(held).map(([name, settings]) => {
      const rated = settings.replace(
        /producer_byte_rate=(\d+)/,
        (_, bytes: string) =>
          `producer_byte_rate=${(Number(bytes) / then.needs.write_rps) * needs.write_rps}`,
      );
      const keptMs = parseDuration(needs.retention ?? "");
      if (keptMs === undefined || needs.retention === then.needs.retention) return [name, rated];
      return [
        name,
        rated
          .replace(/retention\.ms=\d+/, `retention.ms=${keptMs}`)
          .replace(/max_age=\d+/, `max_age=${keptMs}000000`),
      ];
    }),
  );

/** Every operation has begun and ended once, and nothing is said of it afterwards; nothing is left behind. */
function toldOnce(events: readonly HistoryEvent[], { operations }: Model): void {
  expect(events.map(({ type }) => type)).not.toContain("CleanupBlocked");
  for (const { id } of operations) {
    const types = events.filter(({ operation_id }) => operation_id === id).map(({ type }) => type);
    expect(types.filter((type) => /^(Namespace|Update|Deletion)Requested$/.test(type))).toHaveLength(1);
    expect(types.at(-1)).toMatch(lastEvents);
  }
}

/** Who may publish to a queue can. */
async function serves({ prism, namespace }: World, { request }: Model): Promise<void> {
  if (request?.client_api !== "queue") return;
  if (!request.access.consumers.some(({ service }) => service === "order-api")) return;
  const client = await prism.client(namespace, orderApi);
  await client.queue.publish("orders", { id: 1 });
  client.close();
}

// Each look opens connections to all servers.
let last: Promise<unknown> = Promise.resolve();
function oneAtATime<T>(look: () => Promise<T>): Promise<T> {
  const next = last.then(look);
  last = next.catch(() => {});
  return next;
}
