import { cpuSeconds, listener } from "./process-cpu.ts";
import type { Queue } from "./queue.ts";

/** What each process spends on a message, in microseconds; NaN where the kernel does not say. */
export type Spent = Readonly<Record<string, number>>;

/** Answers what was spent on `calls` messages since. */
export function meter({ proxies, dataUrl, brokers }: Queue): (calls: number) => Spent {
  const port = (url: string) => Number(new URL(url).port);
  const processes: Readonly<Record<string, readonly (number | undefined)[]>> = {
    [proxies.length === 1 ? "the proxy" : `${proxies.length} proxies`]: proxies.map(
      ({ process }) => process.pid,
    ),
    Postgres: [listener(port(dataUrl))],
    Kafka: brokers.map((broker) => listener(port(`kafka://${broker}`))),
  };
  const now = () =>
    Object.entries(processes).map(([name, pids]): [string, number] => [
      name,
      pids.reduce((sum: number, pid) => sum + (pid === undefined ? Number.NaN : cpuSeconds(pid)), 0),
    ]);
  const before = new Map(now());
  return (calls) =>
    Object.fromEntries(
      now().map(([name, seconds]) => [name, ((seconds - (before.get(name) ?? 0)) * 1e6) / calls]),
    );
}

export const spentText = (spent: Spent): string =>
  Object.entries(spent)
    .map(([name, micros]) => `${name} ${Number.isNaN(micros) ? "?" : Math.round(micros)} µs`)
    .join(", ");
