import { CommanderError } from "commander";
import { UsageError } from "./usage-error.ts";

/** Tells a person why a command has failed, and answers its exit code. Our own bugs are thrown on. */
export function told(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
  if (!isRefusal(error)) throw error;
  process.stderr.write(`${error.code}: ${error.message}\n`);
  for (const line of cures(error)) process.stderr.write(`  ${line}\n`);
  return 1;
}

type Refusal = { readonly code: string; readonly message: string; readonly details: Record<string, unknown> };

/** There is one class of it for programs and one for Prism's own processes. */
const isRefusal = (error: unknown): error is Refusal =>
  error instanceof Error && error.name === "PrismError" && "code" in error && "details" in error;

/** What to do about it: the cure of each violation, or of the one there is. */
function cures({ message, details }: Refusal): string[] {
  const violations = (details["violations"] ?? []) as readonly {
    message: string;
    details: Record<string, unknown>;
  }[];
  const all = violations.length > 0 ? violations : [{ message, details }];
  return all.flatMap((violation) => {
    const { field, supported_values: values, recommendation } = violation.details;
    return [
      ...(violation.message === message ? [] : [violation.message]),
      ...(field === undefined ? [] : [`at: ${String(field)}`]),
      ...(Array.isArray(values) ? [`supported: ${values.join(", ")}`] : []),
      ...(recommendation === undefined ? [] : [`do: ${String(recommendation)}`]),
    ];
  });
}
