import { expect, it } from "vitest";
import { stringify } from "yaml";
import { requestKind } from "../../../domain/request/document.ts";
import type { Violation } from "../../../domain/request/violation.ts";
import { asked } from "../asking.ts";
import { wrongAccess } from "../request/wrong/access.ts";
import { wrongBoundaries } from "../request/wrong/boundaries.ts";
import { wrongDocuments } from "../request/wrong/documents.ts";
import { wrongForms } from "../request/wrong/forms.ts";
import { wrongNeeds } from "../request/wrong/needs.ts";
import { wrongValues } from "../request/wrong/values.ts";
import { moreWrongRequests } from "./more-wrong-requests.ts";
import { wrongCatalogues } from "./wrong-catalogues.ts";
import { wrongCorners } from "./wrong-corners.ts";

const tables = [wrongDocuments, wrongValues, wrongAccess, wrongForms, wrongNeeds, wrongBoundaries];

/** Programs go by codes and details, people by words: both are pinned, as the plans are (`pinned-plans.test.ts`). */
it("refuses with the pinned violations", async () => {
  const answers = [...tables.flat(), ...moreWrongRequests, ...wrongCatalogues, ...wrongCorners].map(
    ({ wrong, asks, given }) => {
      const examined = asked(asks, given);
      if (examined.accepted) throw new Error(`accepted: ${wrong}`);
      const { violations, mayKnow } = examined;
      return [
        `${wrong}${mayKnow ? "" : " (the quota is not for this caller)"}`,
        ...violations.map(lines),
      ].join("\n");
    },
  );
  await expect(`${answers.join("\n\n")}\n`).toMatchFileSnapshot("pinned/refusals.txt");
});

const lines = ({ code, message, details: { field, ...details } }: Violation): string =>
  `  ${code} at '${field}': ${message}\n    ${JSON.stringify(details)}`;

it("describes a request with the pinned schema", async () => {
  await expect(stringify(requestKind.schema, { lineWidth: 0 })).toMatchFileSnapshot(
    "pinned/request-schema.yaml",
  );
});
