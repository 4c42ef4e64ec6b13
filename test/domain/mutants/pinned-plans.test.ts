import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import type { Selection } from "../../../domain/plan.ts";
import { asked, platform } from "../asking.ts";
import { corners } from "./pinned-corners.ts";
import type { Pinned } from "./pinned-liberties.ts";
import { pinned } from "./pinned-requests.ts";

/**
 * Whole answers, word for word, in pinned/*.yaml. A plan is approved and recorded by its hash, and
 * people act on its reasons: under the name of one ruleset neither may change unnoticed. What was meant
 * to change is accepted with `npx vitest run --project fast test/domain/mutants -u` and read in the diff.
 */
describe("answers of ruleset rfc-027/1", () => {
  it.each(Object.entries({ ...pinned, corners }))(
    "to %s requests are those that are pinned",
    async (kind, requests) => {
      const text = stringify(requests.map(answer), { lineWidth: 0 });
      await expect(text).toMatchFileSnapshot(`pinned/${kind}.yaml`);
    },
  );
});

function answer({ title, asks, by, inventory }: Pinned) {
  const { client_api, needs, team: _, access: __, namespace: ___, ...more } = asks;
  const said = { title, ...(by && { by }), asks: { client_api, ...(needs as object), ...more } };
  const examined = asked(asks, { ...(by && { caller: platform }), ...(inventory && { inventory }) });
  if (!examined.accepted) return { ...said, refused: examined.violations };
  return { ...said, ...shown(examined.selection) };
}

const shown = ({ plan, hash, trace, warnings, approval }: Selection) => ({
  plan,
  hash,
  rules: trace.rules.map(({ rule, fired, because }) => `${fired ? "yes" : "no"}, ${rule}: ${because}`),
  backends: trace.backends.map(
    ({ backend, chosen, because }) => `${chosen ? "yes" : "no"}, ${backend}: ${because}`,
  ),
  flips: trace.flips.map(
    ({ need, from, to, backend }) => `${backend}, if ${need} were ${to} and not ${from}`,
  ),
  ...(warnings.length > 0 && { warnings }),
  ...(approval.length > 0 && { approval }),
});
