import { unreachable } from "../errors.ts";
import type { BackendKind } from "../plan.ts";
import { printSize } from "../request/size.ts";
import type { Obstacle } from "./choose.ts";
import type { NeedFacts } from "./needs.ts";

/** An obstacle in a sentence that names the backend, for a person to read. */
export function explain(obstacle: Obstacle, backend: BackendKind, facts: NeedFacts): string {
  switch (obstacle.kind) {
    case "serves-not":
      return `${backend} does not serve ${facts.api}`;
    case "absent":
      return `${backend} is not in the inventory`;
    case "not-built":
      return `${backend} cannot be provisioned for ${facts.api} yet`;
    case "tiering":
      return `tiered-storage needs kafka as its hot tier, not ${backend}`;
    case "strong-durability":
      return `${backend} may lose what it acknowledged, and durability is strong`;
    case "strong-consistency":
      return `${backend} may answer late, and consistency is strong`;
    case "max_data_size":
      return `data_size ${printSize(facts.dataBytes)} is more than ${backend} holds (${printSize(obstacle.most)})`;
    case "write_rps":
      return `write_rps ${facts.writeRps} is more than ${backend} takes (${obstacle.most})`;
    case "log_write_rps":
      return `write_rps ${facts.writeRps} is more than outbox, wal and replay-store can write (${obstacle.most})`;
    default:
      return unreachable(obstacle);
  }
}

/** The field whose change would remove an obstacle. */
export function fieldOf({ kind }: Obstacle): string {
  switch (kind) {
    case "serves-not":
    case "absent":
    case "not-built":
      return "client_api";
    case "tiering":
      return "needs.retention";
    case "strong-durability":
      return "needs.durability";
    case "strong-consistency":
      return "needs.consistency";
    case "max_data_size":
      return "needs.data_size";
    case "write_rps":
    case "log_write_rps":
      return "needs.write_rps";
    default:
      return unreachable(kind);
  }
}
