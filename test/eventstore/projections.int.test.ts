import { asOfCases } from "./conformance/as-of.ts";
import { checkpointCases } from "./conformance/checkpoints.ts";
import { projectionCases } from "./conformance/projections.ts";
import { conform } from "./conformance/subject.ts";
import { verificationCases } from "./conformance/verification.ts";
import { projectionSubject } from "./projection-subject.ts";

conform("projections: checkpoints", () => projectionSubject(), checkpointCases);
conform("projections: the runner", () => projectionSubject(), projectionCases);
conform("projections: as of", () => projectionSubject(), asOfCases);
conform("projections: verification", () => projectionSubject(), verificationCases);
