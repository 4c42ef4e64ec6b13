import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { ServerHttp2Stream } from "node:http2";

// HTTP/2 has 64 KiB: sixty messages of 1 KiB, then a client waits until this process has turned to it again.
const windowBytes = 1024 * 1024;
const channel = "http2.server.stream.created";
const widened = new WeakSet<object>();

/**
 * Lets every client of this process's servers be 1 MiB ahead of what has been read. grpc-js has an option for
 * that, but for clients alone. Answers how to leave the connections to come as they are.
 */
export function wideReceiveWindows(): () => void {
  subscribe(channel, widen);
  return () => void unsubscribe(channel, widen);
}

function widen(message: unknown): void {
  const { session } = (message as { readonly stream: ServerHttp2Stream }).stream;
  if (session === undefined || session.destroyed || widened.has(session)) return;
  widened.add(session);
  session.setLocalWindowSize(windowBytes);
  session.settings({ initialWindowSize: windowBytes });
}
