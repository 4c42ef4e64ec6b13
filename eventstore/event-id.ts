import { v5 } from "uuid";

/** Prism's own name space for event ids; never changed, or repeated appends would stop being recognised. */
const eventIds = "6f1c2a52-5d0e-4c0a-9d9a-0b6f8d3d7e41";

/** What makes an event the same event when its step runs again. */
export type EventOrigin = {
  readonly operation: string;
  readonly stream: string;
  readonly step: string;
  /** The workflow's own retry counter: a new round is a new fact. */
  readonly round: number;
  /** Place within the append. */
  readonly index: number;
};

/** UUID v5 of its origin: the same step of the same round always writes the same id, and so only once. */
export const eventId = ({ operation, stream, step, round, index }: EventOrigin): string =>
  v5(JSON.stringify([operation, stream, step, round, index]), eventIds);
