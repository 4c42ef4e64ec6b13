import { once } from "node:events";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Caller } from "../runtime/auth.ts";

export type ServerSentEvent = { readonly id?: string; readonly event?: string; readonly data: unknown };

const keepAliveMs = 15_000;

/**
 * Answers with `text/event-stream` until `events` ends, the caller goes, their token
 * expires, or the server stops. `place`: where who comes back before anything has happened goes on. A slow reader slows the source down; nothing is piled up for them.
 */
export async function answerStream(
  request: FastifyRequest,
  reply: FastifyReply,
  caller: Caller,
  events: (signal: AbortSignal) => AsyncIterable<ServerSentEvent>,
  place?: string,
): Promise<void> {
  await request.answered?.(200);
  reply.hijack();
  const { raw } = reply;
  const ended = new AbortController();
  const end = () => ended.abort();
  const { stopping } = request.server;
  raw.on("close", end);
  // Who hung up while it was looked up what they may see is not told to anybody any more.
  if (raw.closed || raw.destroyed) end();
  stopping.addEventListener("abort", end);
  const expiry = setTimeout(end, Math.min(caller.expiresAt.getTime() - Date.now(), 2 ** 31 - 1));
  raw.writeHead(200, {
    "content-type": "text/event-stream",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
  });
  raw.write(`: connected\n\n${place === undefined ? "" : `id: ${place}\n\n`}`);
  const keepAlive = setInterval(() => raw.write(": still here\n\n"), keepAliveMs);
  try {
    for await (const { id, event, data } of events(ended.signal)) {
      const lines = [
        ...(id ? [`id: ${id}`] : []),
        ...(event ? [`event: ${event}`] : []),
        `data: ${JSON.stringify(data)}`,
      ];
      if (!raw.write(`${lines.join("\n")}\n\n`)) await once(raw, "drain", { signal: ended.signal });
    }
  } catch (error) {
    // The status is sent: all that is left is to end, and the caller comes back with Last-Event-ID.
    if (!ended.signal.aborted) request.log.warn({ error: String(error) }, "an event stream broke off");
  } finally {
    clearTimeout(expiry);
    clearInterval(keepAlive);
    stopping.removeEventListener("abort", end);
    raw.end();
  }
}
