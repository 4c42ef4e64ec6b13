import type { Prism as Client } from "../sdk/typescript/prism.ts";
import { consumeOrders, publishOrders } from "./orders.ts";
import type { Prism } from "./prism-up.ts";
import { self } from "./process-id.ts";
import { isOwnedBy, readState } from "./state.ts";

export type Traffic = {
  readonly prism: Prism;
  readonly orderApi: Client;
  readonly analytics: Client;
  readonly say: (line: string) => void;
  readonly claim: (isSo: boolean, what: string) => void;
};

const orderCount = 1_000;

/** A thousand orders go through while the proxy that carries them is killed and started again. */
export async function orderTraffic({ prism, orderApi, analytics, say, claim }: Traffic): Promise<void> {
  say(`\norder-api publishes ${orderCount} orders, analytics-pipeline consumes them meanwhile`);
  const run = crypto.randomUUID();
  let downMs = 0;
  const killed = isOurs(prism);
  const halfway = async (): Promise<void> => {
    if (killed) downMs = await killProxy(prism);
    else say("  the proxy was started by somebody else, and is left alive");
  };
  const [sent, received] = await Promise.all([
    publishOrders(orderApi, { run, count: orderCount, halfway }),
    consumeOrders(analytics, run, orderCount),
  ]);
  if (killed) {
    const how = `the proxy was killed (SIGKILL) after ${orderCount / 2} of them, and serves again`;
    claim(downMs > 0, `${how}: down for ${downMs} ms`);
  }
  claim(sent.acknowledged === orderCount, `${sent.acknowledged} sent and acknowledged: ${sent.figures}`);
  claim(
    received.distinct === orderCount,
    `${received.distinct} distinct orders received: ${received.figures}`,
  );
  const lost = sent.acknowledged - received.distinct;
  claim(lost === 0 && received.invented === 0, `${lost} lost, ${received.invented} there twice`);
}

/** Answers how long it was away, in milliseconds. */
async function killProxy({ processes }: Prism): Promise<number> {
  const begun = performance.now();
  await processes.stop("proxy", "SIGKILL");
  await processes.start("proxy");
  return Math.round(performance.now() - begun);
}

/** What another `prism stack` has started is not ours to kill. */
function isOurs({ stack }: Prism): boolean {
  const { proxy } = readState(stack.instance).processes;
  return proxy !== undefined && isOwnedBy(proxy, self());
}
