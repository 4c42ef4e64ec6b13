import { once } from "node:events";
import { get } from "node:http";
import type { AddressInfo } from "node:net";
import fastify from "fastify";
import { expect, it } from "vitest";
import { answerStream } from "../../api/event-stream.ts";

it("ends for who hung up while it was looked up what they may see", async () => {
  const server = fastify();
  server.decorate("stopping", new AbortController().signal);
  const asked = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const caller = {
    ...{ subject: "user:bob", teams: [], platform: false, audit: false },
    expiresAt: new Date(Date.now() + 3_600_000),
  };
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
}, 10_000);
