import { type Processes, type ProcessOptions, startProcesses } from "./processes.ts";
import { type Stack, type StackOptions, stackUp } from "./stack.ts";

export type Prism = {
  readonly stack: Stack;
  readonly processes: Processes;
  /** Every PRISM_* variable a process or a client of this Prism could want. */
  readonly environment: Readonly<Record<string, string>>;
  /** Stops what was started for this process (`owned`); nothing else. */
  close(): Promise<void>;
};

/** The servers, and Prism's own processes on them: ready to serve when it resolves. */
export async function prismUp(
  options: StackOptions & Pick<ProcessOptions, "died" | "names">,
): Promise<Prism> {
  const stack = await stackUp(options);
  let closing = false;
  try {
    const { instance } = stack;
    const environment = { ...options.environment, ...stack.environment };
    const processes = await startProcesses({
      ...options,
      instance,
      environment,
      // One that we stop ourselves has not died.
      died: (name, how) => closing || options.died?.(name, how),
    });
    return {
      stack,
      processes,
      environment: { ...stack.environment, ...processes.environment },
      close() {
        closing = true;
        return stack.close();
      },
    };
  } catch (error) {
    await stack.close();
    throw error;
  }
}
