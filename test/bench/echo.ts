import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** A gRPC server that does nothing, for as long as `body` runs. */
export async function withEcho<T>(
  body: (echo: { readonly address: string; readonly pid: number }) => Promise<T>,
): Promise<T> {
  const server = fork(fileURLToPath(new URL("./echo-server.ts", import.meta.url)), {
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  try {
    const [port] = await once(server.stdout as NonNullable<typeof server.stdout>, "data");
    return await body({ address: `127.0.0.1:${String(port).trim()}`, pid: server.pid ?? 0 });
  } finally {
    server.kill("SIGKILL");
  }
}
