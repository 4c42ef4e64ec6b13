import { orderProcessing } from "./order-processing.ts";
import { type Prism, prismUp } from "./prism-up.ts";
import { progress } from "./progress.ts";
import { signals } from "./signals.ts";

/**
 * `npm start`: everything up, the example run, then served until Ctrl-C, also where the example did not hold.
 * `npm run demo`: the same, and an end: 0 only if everything the example claims was so.
 */
async function main(mode: "start" | "demo"): Promise<number> {
  const stopping = signals(process.env);
  const lines = progress();
  let prism: Prism | undefined;
  try {
    prism = await prismUp({
      environment: process.env,
      owned: true,
      progress: lines,
      signal: stopping.signal,
      died,
    });
    lines.close();
    const held = await orderProcessing({ prism, say: (line) => console.log(line), signal: stopping.signal });
    if (mode === "demo") return held ? 0 : 1;
    // Who has changed the example, or used up its team's quota, still wants their Prism.
    if (!held) console.log(notHeld);
    console.log("prism is ready");
    await stopping.toBeAsked();
    return 0;
  } catch (error) {
    lines.close();
    if (stopping.signal.aborted) return interrupted;
    console.error(error instanceof Error ? error.message : error);
    return 1;
  } finally {
    lines.doing("prism", "stopping what was started here");
    await prism?.close();
    lines.done("prism", "stopped");
  }
}

const interrupted = 130;

const notHeld =
  "Not all of the example is so (✗), which may be what was tried out here: `npx prism stack down --purge` begins anew";

const died = (name: string, how: string) => console.error(`\n${name} has died: ${how}\n`);

const [mode] = process.argv.slice(2);
if (mode !== "start" && mode !== "demo") {
  console.error("usage: stack/main.ts start|demo");
  process.exit(2);
}
process.exit(await main(mode));
