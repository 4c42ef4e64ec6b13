import { once } from "node:events";
import { connect } from "node:http2";
import { expect, it } from "vitest";
import { grpcServer } from "../../proxy/server.ts";
import { until } from "../setup/until.ts";

it("a client may have a thousand calls under way on one connection", async () => {
  const server = await grpcServer({ host: "127.0.0.1", port: 0, queue: {} });
  const client = connect(`http://127.0.0.1:${server.port}`);
  try {
    await once(client, "remoteSettings");
    expect(client.remoteSettings.maxConcurrentStreams).toBe(1_000);
  } finally {
    client.destroy();
    await server.close(0);
  }
});

it("a client may be 1 MiB ahead of its proxy from its first call on", async () => {
  const server = await grpcServer({ host: "127.0.0.1", port: 0, queue: {} });
  const client = connect(`http://127.0.0.1:${server.port}`);
  try {
    await once(client, "remoteSettings");
    expect(client.state.remoteWindowSize).toBeLessThan(100_000);
    client.request({ ":path": "/grpc.health.v1.Health/Check", ":method": "POST" }).resume().end();
    await until(
      () =>
        client.remoteSettings.initialWindowSize === 1024 * 1024 && (client.state.remoteWindowSize ?? 0) > 1e6,
    );
  } finally {
    client.destroy();
    await server.close(0);
  }
});
