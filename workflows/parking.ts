import type { Board } from "./board.ts";
import { asFailure, isExhausted } from "./failure.ts";
import type { Interventions } from "./interventions.ts";
import type { Operation } from "./operation.ts";
import { recordsWithin, stepsWithin } from "./steps.ts";
import type { Work } from "./work.ts";

type Take = Operation["step"];

/** Steps that wait for a person once their budget is used up, and then have it anew; `onlyForward`: also once refused. */
export function parking(
  { occasion, timeouts }: Work,
  board: Board,
  people: Interventions,
  onlyForward: () => boolean,
): Pick<Operation, "step" | "urgently"> {
  const taking =
    (mayPark: boolean): Take =>
    async (name, take) => {
      const first = occasion.round ?? 0;
      for (let round = first; ; round++) {
        board.mark(name, "running", round === first ? "" : `round ${round - first + 1}`);
        const on = round === 0 ? occasion : { ...occasion, round };
        try {
          const result = await take(stepsWithin(timeouts, name), on);
          board.mark(name, "done");
          return result;
        } catch (failure) {
          const error = asFailure(failure);
          const parks = (mayPark && isExhausted(failure)) || onlyForward();
          board.mark(name, parks ? "parked" : "failed", error.message);
          if (!parks) throw failure;
          const records = recordsWithin(timeouts, `park ${name}`);
          await people.retriedSince(await records.parkOperation({ occasion: on, step: name, error }));
        }
      }
    };
  return { step: taking(true), urgently: taking(false) };
}
