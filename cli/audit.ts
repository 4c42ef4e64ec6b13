import type { Command } from "commander";
import type { AuditQuery, AuditRow, Verified, VerifyFinding } from "../sdk/typescript/audit.ts";
import { PrismError } from "../sdk/typescript/errors.ts";
import { answer, type Context, controlOf } from "./context.ts";
import { everyPage } from "./every-page.ts";
import { outputOption } from "./options.ts";
import { type Format, facts, table } from "./output.ts";

/** `prism audit list|verify`: who did what, when, with what outcome; and whether the events say so still. */
export function auditCommands(program: Command, context: Context): void {
  const audit = program
    .command("audit")
    .description("who did what, when, with what outcome (platform and audit)");

  audit
    .command("list")
    .description("oldest first")
    .option("--namespace <name>", "only on this namespace")
    .option("--actor <actor>", "only by user:… or service:…")
    .option("--outcome <outcome>", "only accepted, succeeded, refused, failed or begun")
    .option("--kind <kind>", "only change, read (calls) or event (what came of one later)")
    .option("--after <position>", "only what came after it")
    .addOption(outputOption())
    .action(async ({ output, ...query }: AuditQuery & { output: Format }) => {
      const { audit } = controlOf(context);
      const { items } = await everyPage((page) => audit({ ...query, limit: "1000", ...page }));
      answer(context, output, items, () => table(headings, items.map(columns)));
    });

  audit
    .command("verify")
    .description("whether every event of every stream is as it was appended")
    .addOption(outputOption())
    .action(async ({ output }: { output: Format }) => {
      const verified = await verify(context);
      answer(context, output, verified, () => report(verified));
      const [first] = verified.findings;
      if (first === undefined) return;
      const more = verified.findings.length > 1 ? `, and ${verified.findings.length - 1} more` : "";
      throw new PrismError(
        "INTERNAL",
        `the log is not as it was written: ${placeOf(first)}: ${first.wrong}${more}`,
      );
    });
}

const placeOf = ({ stream, revision, position }: VerifyFinding): string =>
  stream === null ? `position ${position}` : `'${stream}' revision ${revision}`;

const headings = ["position", "time", "actor", "action", "outcome", "code", "namespace", "team", "times"];
const columns = ({ position, at, actor, action, outcome, namespace, team, call }: AuditRow) => [
  ...[position, at, actor, action, outcome, call?.code, namespace, team, call?.times],
];

type Whole = Pick<Verified, "events" | "streams" | "position" | "findings" | "anchors"> & {
  readonly intact: boolean;
};

/** All parts up to where the log ended when it began; says on standard error how far it is. */
async function verify(context: Context): Promise<Whole> {
  const { verify } = controlOf(context);
  const first = await verify();
  const whole = { events: 0, streams: 0, findings: [...(first.missing === null ? [] : [first.missing])] };
  let checked = 0;
  for (let part = first; ; ) {
    whole.events += part.events;
    whole.streams += part.streams;
    whole.findings.push(...part.findings);
    checked += part.anchors.checked;
    if (part.next === null || BigInt(part.position) >= BigInt(first.head)) {
      const anchors = { checked, last: first.anchors.last };
      return { intact: whole.findings.length === 0, position: part.position, anchors, ...whole };
    }
    context.warn(`verified up to position ${part.position} of ${first.head}\n`);
    part = await verify({ after: part.next, digest: part.digest ?? undefined });
  }
}

const report = ({ events, streams, position, findings, anchors }: Whole): string => {
  const { checked, last } = anchors;
  const checks = facts([
    ["events", events],
    ["streams", streams],
    ["up to position", position],
    [
      "anchors",
      last === null ? "none: a log cut at its end is not noticed" : `${checked}, the last of ${last.at}`,
    ],
    ["chains of hashes", findings.length === 0 ? "intact" : "BROKEN"],
  ]);
  if (findings.length === 0) return checks;
  const rows = findings.map((one) => [one.stream ?? "the log", one.revision, one.position, one.wrong]);
  return `${checks}\n\n${table(["stream", "revision", "position", "what is wrong"], rows)}`;
};
