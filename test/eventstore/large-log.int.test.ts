import { longPastCases } from "./conformance/long-past.ts";
import { longRebuildCases } from "./conformance/long-rebuild.ts";
import { conform } from "./conformance/subject.ts";
import { projectionSubject } from "./projection-subject.ts";
import { soaking } from "./soaking.ts";

const past = soaking ? { events: 100_000, reads: 1_000 } : { events: 10_000, reads: 300 };
const rebuilt = soaking ? 200_000 : 20_000;

conform("projections: a long past", () => projectionSubject(), longPastCases(past), 300_000);
conform("projections: a long log anew", () => projectionSubject(), longRebuildCases(rebuilt), 300_000);
