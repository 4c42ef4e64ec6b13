import { PrismError } from "../errors.ts";
import type { BackendKind } from "../plan.ts";
import { printSize } from "../request/size.ts";
import { type Chain, type Choice, constraints, type Obstacle } from "./choose.ts";
import { explain, fieldOf } from "./explain.ts";
import type { Inventory } from "./inventory.ts";
import type { NeedFacts } from "./needs.ts";

/**
 * Why nothing can serve these needs. Where a backend could and is only not there,
 * that is ours to build; else it is the first constraint of the best candidate.
 */
export function noneLeft(choice: Choice, facts: NeedFacts, chain: Chain, inventory: Inventory): PrismError {
  const against = (backend: BackendKind) => constraints(backend, inventory, facts, chain)[0];
  const willing = choice.tried.find(({ backend }) => against(backend) === undefined);
  if (willing?.obstacle !== undefined) {
    return notBuilt(willing.backend, explain(willing.obstacle, willing.backend, facts), "client_api");
  }
  const tried = choice.tried.flatMap(({ backend }) => {
    const obstacle = against(backend);
    return obstacle === undefined ? [] : [{ backend, obstacle, because: explain(obstacle, backend, facts) }];
  });
  const [best] = tried;
  if (best === undefined) return new PrismError("INTERNAL", `nothing was tried for ${facts.api}`);

  return new PrismError("INVALID_CONFIGURATION", `No backend can serve these needs: ${best.because}`, {
    details: {
      field: fieldOf(best.obstacle),
      constraint: best.obstacle.kind,
      ...("most" in best.obstacle ? { limit: limitOf(best.obstacle) } : {}),
      backends: tried.map(({ backend, because }) => ({ backend, because })),
      recommendation: cure(best.obstacle),
    },
  });
}

/** The refusal of what Prism knows how to do and this build cannot. */
export function notBuilt(backend: BackendKind, because: string, field: string): PrismError {
  return new PrismError("UNIMPLEMENTED", `This build cannot provision ${backend} for it yet: ${because}`, {
    details: {
      field,
      backend,
      recommendation: "Ask for what needs no such backend, or wait for it",
    },
  });
}

const limitOf = (obstacle: Extract<Obstacle, { most: number }>): string | number =>
  obstacle.kind === "max_data_size" ? printSize(obstacle.most) : obstacle.most;

function cure(obstacle: Obstacle): string {
  if (!("most" in obstacle)) return `Change ${fieldOf(obstacle)}`;
  const lower = `Lower ${fieldOf(obstacle)} to at most ${limitOf(obstacle)}`;
  return obstacle.kind === "log_write_rps"
    ? `${lower}, or ask for no log: durability 'eventual', no replay`
    : lower;
}
