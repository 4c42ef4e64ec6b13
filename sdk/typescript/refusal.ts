import { PrismError } from "./errors.ts";

/** What the control plane at `url` refused with; what did not come from it, but from what stands before it, is told by its status. */
export function refusalOf(text: string, status: number, url: string): PrismError {
  const { code, message, details } = errorIn(text);
  if (typeof code === "string") return new PrismError(code, String(message), { details: details ?? {} });
  // A server that is closing, or an ingress without one.
  if (status >= 500) return new PrismError("BACKEND_UNAVAILABLE", `${url} answered ${status}`);
  return new PrismError("INTERNAL", `${url} answered ${status} in no form we know`);
}

type Told = {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly details?: Readonly<Record<string, unknown>>;
};

function errorIn(text: string): Told {
  try {
    return (JSON.parse(text) as { error?: Told } | null)?.error ?? {};
  } catch {
    return {};
  }
}
