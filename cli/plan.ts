import type { Command } from "commander";
import type { PlanAnswer, Trace } from "../sdk/typescript/answers.ts";
import { PrismError } from "../sdk/typescript/errors.ts";
import type { Preview, UpdatePreview } from "../sdk/typescript/preview.ts";
import { answer, type Context, controlOf } from "./context.ts";
import { outputOption } from "./options.ts";
import { type Format, facts, table } from "./output.ts";
import { requestsIn } from "./requests.ts";

type Output = { readonly output: Format };

/** `prism plan`: what would be built, and why; nothing is changed. */
export function planCommand(program: Command, context: Context): void {
  program
    .command("plan")
    .description("what would be built for a request, and why; changes nothing")
    .requiredOption("-f, --file <file>", "the request as YAML or JSON; - reads standard input")
    .option("--team <team>", "the team that would own it, where the file does not say")
    .addOption(outputOption())
    .action(async ({ file, team, output }: Output & { file: string; team?: string }) => {
      const requests = await requestsIn(file, team);
      const control = controlOf(context);
      const previews: { readonly label: string; readonly preview: Preview }[] = [];
      for (const { label, text } of requests) previews.push({ label, preview: await control.preview(text) });
      const [first] = previews;
      const value =
        previews.length === 1
          ? first?.preview
          : previews.map(({ label, preview }) => ({ namespace: label, ...preview }));
      answer(context, output, value, () =>
        previews.map(({ label, preview }) => described(label, preview)).join("\n\n"),
      );
      const refused = previews.flatMap(({ preview }) => preview.violations);
      if (refused[0] !== undefined) {
        throw new PrismError(
          refused[0].code,
          `${refused.length} reasons to refuse it; the first: ${refused[0].message}`,
        );
      }
    });
}

function described(label: string, preview: Preview): string {
  const { plan, trace, hash } = preview;
  if (plan === null || trace === null || hash === null) {
    const rows = preview.violations.map(({ code, message, details }) => [
      code,
      details["field"],
      message,
      details["recommendation"],
    ]);
    const refused = `${label} would be refused\n\n${table(["code", "field", "what", "do"], rows)}`;
    return preview.update === null ? refused : `${refused}\n\n${updated(preview.update)}`;
  }
  const whole = explained(label, {
    plan,
    trace,
    hash,
    warnings: preview.warnings,
    approval: preview.approval,
  });
  return preview.update === null ? whole : `${updated(preview.update)}\n\n${whole}`;
}

/** What an update would change: fields, resources, and what it takes of the quota. */
export function updated({ version, changes, resources, quota }: UpdatePreview): string {
  if (changes.length === 0) return `nothing would change: it is at version ${version}, as asked`;
  const { added, changed, grown, moves } = resources;
  const named = (what: string, all: typeof added) =>
    all.map(({ backend, kind, name }) => [what, `${backend} ${kind} ${name}`]);
  const built = [
    ...[...named("made", added), ...named("changed", changed), ...named("gets partitions", grown)],
    ...moves.map(({ what, from, to }) => [
      "CANNOT MOVE",
      `${what}: ${JSON.stringify(from)} to ${JSON.stringify(to)}`,
    ]),
  ];
  const amounts = ["write_rps", "read_rps", "data_size"] as const;
  const taken = amounts.filter((name) => quota.before[name] !== quota.after[name]);
  return [
    table(
      ["field", "from", "to"],
      changes.map(({ field, from, to }) => [field, from, to]),
    ),
    ...(built.length === 0 ? [] : [table(["what", "resource"], built)]),
    ...(taken.length === 0
      ? []
      : [
          table(
            ["of the quota", "before", "after"],
            taken.map((name) => [name, quota.before[name], quota.after[name]]),
          ),
        ]),
  ].join("\n\n");
}

type Explained = Pick<PlanAnswer, "plan" | "trace" | "hash" | "warnings"> & {
  readonly approval?: Preview["approval"];
};

/** A plan for a person: what, where, and the because of every line. */
export function explained(label: string, { plan, trace, hash, warnings, approval = [] }: Explained): string {
  return [
    facts([
      ["namespace", label],
      ["patterns", plan.patterns.map(({ type }) => type)],
      ["backend", `${plan.backend.type} ${JSON.stringify(plan.backend.config)}`],
      ["hash", hash],
      ...approval.map(({ field, because }) => ["needs approval", `${field}: ${because}`] as const),
      ...warnings.map(({ field, message }) => ["warning", `${field}: ${message}`] as const),
    ]),
    table(
      ["resource", "kind", "name"],
      plan.resources.map(({ backend, kind, name }) => [backend, kind, name]),
    ),
    ...(plan.policies.length === 0 ? [] : [policies(plan)]),
    reasons(trace),
  ].join("\n\n");
}

const policies = (plan: PlanAnswer["plan"]): string =>
  table(
    ["policy", "enforced", "because"],
    plan.policies.map(({ policy, enforced, because }) => [policy, enforced ? "yes" : "not yet", because]),
  );

function reasons({ rules, backends, flips }: Trace): string {
  return [
    table(
      ["rule", "fired", "because"],
      rules.map(({ rule, fired, because }) => [rule, fired ? "yes" : "no", because]),
    ),
    table(
      ["backend", "chosen", "because"],
      backends.map(({ backend, chosen, because }) => [backend, chosen ? "yes" : "no", because]),
    ),
    ...(flips.length === 0
      ? []
      : [
          table(
            ["to get", "change", "from", "to"],
            flips.map(({ backend, need, from, to }) => [backend, need, from, to]),
          ),
        ]),
  ].join("\n\n");
}
