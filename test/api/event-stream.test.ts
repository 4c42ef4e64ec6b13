import { once } from "node:events";
import { get } from "node:http";
import type { AddressInfo } from "node:net";
import fastify from "fastify";
import { expect, it } from "vitest";
import { answerStream } from "../../api/event-stream.ts";
import { memoryEventStore } from "../../eventstore/memory.ts";
import { described } from "./described.ts";

const caller = {
  ...{ subject: "user:bob", teams: [], platform: false, audit: false },
  expiresAt: new Date(Date.now() + 3_600_000),
};

it("tells who watches events, before there is one, where to go on", async () => {
  const store = memoryEventStore();
  store.head = async () => 7n;
  const { server } = await described(undefined, store, { store });
  const url = await server.listen({ host: "127.0.0.1", port: 0 });
  const hangUp = new AbortController();
  const { body } = await fetch(`${url}/api/v1/events`, { signal: hangUp.signal });
  let told = "";
  for await (const text of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    told += text;
    if (told.includes("id: 7\n\n")) break;
  }
  expect(told).toBe(": connected\n\nid: 7\n\n");
  hangUp.abort();
  await server.close();
});

it("ends for who hung up while it was looked up what they may see", async () => {
  const server = fastify();
  server.decorate("stopping", new AbortController().signal);
  const asked = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  server.get("/events", async (request, reply) => {
    asked.resolve();
    await once(request.raw.socket, "close");
    await answerStream(request, reply, caller, async function* (signal) {
      if (!signal.aborted) await once(signal, "abort");
      ended.resolve();
      yield* [];
    });
  });
  await server.listen({ host: "127.0.0.1", port: 0 });
  const { port } = server.server.address() as AddressInfo;
  const call = get(`http://127.0.0.1:${port}/events`);
  call.on("error", () => {});
  await asked.promise;
  call.destroy();
  await expect(ended.promise).resolves.toBeUndefined();
  await server.close();
});
