import type { Prism } from "./prism-up.ts";

export type Scene = {
  readonly prism: Prism;
  /** A line for the person who watches. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
};

/**
 * Takes the example of docs/examples/order-processing through a running Prism and tells
 * what happened. Resolves true only if everything it claims was seen to be so.
 */
export async function orderProcessing(_scene: Scene): Promise<boolean> {
  throw new Error("the order-processing scenario is not built yet");
}
