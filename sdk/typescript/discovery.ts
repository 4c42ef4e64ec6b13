import { PrismError } from "./errors.ts";

/** Where a namespace is served now: host:port each. */
export type Discovery = (token: string) => Promise<readonly string[]>;

const timeoutMs = 5_000;

/** `api://host:port`: the control plane is asked for the namespace's endpoints. */
export function discovery(address: string, namespace: string): Discovery {
  const api = apiOf(address);
  if (api === undefined) {
    throw new PrismError("UNIMPLEMENTED", `discovery by '${address}' is not built yet: use api://host:port`, {
      details: { field: "discovery" },
    });
  }
  return async (token) => {
    const url = `${api}/api/v1/namespaces/${encodeURIComponent(namespace)}/endpoints`;
    const answer = await fetch(url, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(timeoutMs),
    }).catch((cause: unknown) => {
      throw new PrismError("BACKEND_UNAVAILABLE", `no answer from the control plane at ${api}`, { cause });
    });
    const body = (await answer.json().catch(() => ({}))) as Answer;
    if (!answer.ok) {
      const {
        code = "INTERNAL",
        message = `the control plane answered ${answer.status}`,
        details,
      } = body.error ?? {};
      throw new PrismError(code, message, { ...(details && { details }) });
    }
    return (body.endpoints ?? []).filter(({ health }) => health !== "unhealthy").map(({ address: at }) => at);
  };
}

/** The control plane's URL, where the discovery address names one. */
export const apiOf = (address: string | undefined): string | undefined =>
  address?.startsWith("api://") ? `http://${address.slice("api://".length)}` : undefined;

type Answer = {
  readonly endpoints?: readonly { readonly address: string; readonly health?: string }[];
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly details?: Record<string, unknown>;
  };
};
