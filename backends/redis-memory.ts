import { PrismError } from "../domain/errors.ts";
import type { JsonObject } from "../domain/json.ts";
import type { Resource } from "../domain/plan.ts";
import { bytes, printSize } from "../domain/request/size.ts";
import type { Command } from "./redis-connection.ts";
import type { Timed } from "./timed.ts";

/**
 * A server that drops whatever key it likes when its memory is full would lose what has no ttl; one that has
 * less than a namespace reserves would refuse its writes. `data_size` is missing in plans of earlier builds.
 */
export async function refuseUnfitMemory(
  command: Command,
  { name, config }: Resource,
  timed: Timed,
): Promise<void> {
  const memory = String(await command("say how it keeps memory", timed, "INFO", "memory"));
  const field = (field: string) => new RegExp(`^${field}:(\\S+)`, "m").exec(memory)?.[1];
  const [policy, most] = [field("maxmemory_policy") ?? "noeviction", Number(field("maxmemory") ?? 0)];
  if (policy.startsWith("allkeys-")) {
    throw unfit(`Redis may drop any key when its memory is full (maxmemory-policy ${policy})`, {
      recommendation: "Set maxmemory-policy to noeviction or volatile-ttl",
    });
  }
  const { data_size: size } = config as { readonly data_size?: string };
  if (size === undefined || most === 0 || bytes(size) <= most) return;
  throw unfit(`Redis holds at most ${printSize(most)} (maxmemory), and '${name}' reserves ${size}`, {
    field: "needs.data_size",
    limit: printSize(most),
    recommendation: "Reserve less, or raise maxmemory of the server",
  });
}

const unfit = (message: string, details: JsonObject): PrismError =>
  new PrismError("INVALID_CONFIGURATION", message, { details: { backend: "redis", ...details } });
