import { checkpointCases } from "./conformance/checkpoints.ts";
import { projectionCases } from "./conformance/projections.ts";
import { conform } from "./conformance/subject.ts";
import { projectionSubject } from "./projection-subject.ts";

conform("projections: checkpoints", () => projectionSubject(), checkpointCases);
conform("projections: the runner", () => projectionSubject(), projectionCases);
