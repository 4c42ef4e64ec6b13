import { spawn } from "node:child_process";
import { once } from "node:events";
import { freePorts } from "../../stack/ports.ts";
import { toxiproxy as program } from "../../stack/toxiproxy.ts";
import { until } from "./until.ts";

/** What toxiproxy does to every connection, also to those that are open: its own names and attributes. */
export type Toxic = {
  readonly type: "latency" | "slow_close" | "limit_data" | "reset_peer" | "timeout";
  /** Towards the server, or back from it. */
  readonly stream: "upstream" | "downstream";
  readonly attributes: Readonly<Record<string, number>>;
};

export type Network = {
  /** Connections to this port of 127.0.0.1 lead to the server. */
  readonly port: number;
  /** Bad in these ways from now on. */
  suffer(toxics: readonly Toxic[]): Promise<void>;
  /** As if nothing had been; connections that were lost stay lost. */
  heal(): Promise<void>;
};

/** A toxiproxy of the test's own: networks between clients and servers, which can be made bad. */
export async function toxiproxy() {
  const { api } = await freePorts({ api: undefined });
  const executable = await program(process.env, AbortSignal.timeout(110_000));
  const args = ["-host", "127.0.0.1", "-port", String(api)];
  const child = spawn(executable, args, { stdio: "ignore" });
  const ended = once(child, "exit");
  // Whatever becomes of the run, it does not outlive it.
  const killNow = () => child.kill("SIGKILL");
  process.once("exit", killNow);

  const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await fetch(`http://127.0.0.1:${api}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`toxiproxy says ${answer.status} to ${method} ${path}: ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  };
  await until(() =>
    ask("GET", "/proxies").then(
      () => true,
      () => false,
    ),
  );

  return {
    async network(name: string, target: { readonly host: string; readonly port: number }): Promise<Network> {
      const upstream = `${target.host}:${target.port}`;
      const made = await ask("POST", "/proxies", { name, upstream, listen: "127.0.0.1:0", enabled: true });
      const { listen } = made as { listen: string };
      const toxics = `/proxies/${name}/toxics`;
      return {
        port: Number(listen.split(":").at(-1)),
        async suffer(some) {
          for (const toxic of some) await ask("POST", toxics, toxic);
        },
        async heal() {
          const there = (await ask("GET", toxics)) as readonly { name: string }[];
          for (const toxic of there) await ask("DELETE", `${toxics}/${toxic.name}`);
        },
      };
    },
    async close(): Promise<void> {
      process.off("exit", killNow);
      child.kill("SIGKILL");
      await ended;
    },
  };
}
