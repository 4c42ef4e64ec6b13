import type { Command } from "commander";
import type { Operation } from "../sdk/typescript/answers.ts";
import { PrismError } from "../sdk/typescript/errors.ts";
import { answer, type Context, controlOf } from "./context.ts";
import { everyPage } from "./every-page.ts";
import { outputOption } from "./options.ts";
import { type Format, facts, show, table } from "./output.ts";
import { progressLines } from "./progress-lines.ts";

type Output = { readonly output: Format };

/** `prism operation …`: what Prism is doing about a request, and what people tell it about that. */
export function operationCommands(program: Command, context: Context): void {
  const operation = program.command("operation").description("what Prism does about a request");

  operation
    .command("get <id>")
    .description("one operation, with its steps")
    .addOption(outputOption())
    .action(async (id: string, { output }: Output) => {
      const found = await controlOf(context).operations.get(id);
      answer(context, output, found, () => describe(found));
    });

  operation
    .command("list")
    .description("the operations you may see")
    .option("--namespace <name>", "only on this namespace")
    .option("--state <state>", "only in this state")
    .addOption(outputOption())
    .action(async ({ output, ...query }: Output & { namespace?: string; state?: string }) => {
      const { operations } = controlOf(context);
      const { items } = await everyPage((page) => operations.list({ ...query, ...page }));
      answer(context, output, items, () =>
        table(
          ["id", "kind", "namespace", "state", "requested by", "started"],
          items.map((item) => [
            item.id,
            item.kind,
            item.namespace,
            item.state,
            item.requested_by,
            item.started_at,
          ]),
        ),
      );
    });

  operation
    .command("watch <id>")
    .description("its steps as they change, until it has ended; exit code 1 where it did not succeed")
    .addOption(outputOption())
    .action(async (id: string, { output }: Output) => {
      for await (const change of controlOf(context).operations.watch(id)) {
        if (output === "table") for (const line of progressLines(change)) context.write(`${line}\n`);
        else
          context.write(output === "json" ? `${JSON.stringify(change)}\n` : `---\n${show(change, output)}\n`);
        const { state, error } = change;
        const ended = state === "failed" || state === "cancelled" || state === "rejected";
        if (ended)
          throw new PrismError(error?.code ?? "INTERNAL", error?.message ?? state, {
            details: error?.details ?? {},
          });
      }
    });

  for (const [verb, description] of [
    ["cancel", "before its point of no return: everything is undone"],
    ["retry", "of a parked one: try the step again"],
    ["abandon", "of a parked one: give it up, and everything is undone"],
  ] as const) {
    operation
      .command(`${verb} <id>`)
      .description(description)
      .addOption(outputOption())
      .action(async (id: string, { output }: Output) => {
        const told = await controlOf(context).operations[verb](id);
        answer(context, output, told, () => describe(told));
      });
  }

  operation
    .command("approve <id>")
    .description("the plan it waits with (platform)")
    .option("--plan-hash <hash>", "the plan that was looked at; left out: the one that waits now")
    .option("--comment <text>", "why")
    .addOption(outputOption())
    .action(
      async (id: string, { output, planHash, ...more }: Output & { planHash?: string; comment?: string }) => {
        const plan_hash = planHash ?? (await waitingHash(context, id));
        const told = await controlOf(context).operations.approve(id, { plan_hash, ...more });
        answer(context, output, told, () => describe(told));
      },
    );

  operation
    .command("reject <id>")
    .description("the plan it waits with (platform): everything is undone")
    .requiredOption("--reason <text>", "what its owners are told")
    .option("--plan-hash <hash>", "the plan that was looked at; left out: the one that waits now")
    .addOption(outputOption())
    .action(
      async (id: string, { output, planHash, reason }: Output & { planHash?: string; reason: string }) => {
        const plan_hash = planHash ?? (await waitingHash(context, id));
        const told = await controlOf(context).operations.reject(id, { plan_hash, reason });
        answer(context, output, told, () => describe(told));
      },
    );
}

/** What is decided on where nobody said; it is shown, so that it was looked at. */
async function waitingHash(context: Context, id: string): Promise<string> {
  const { approval, plan_hash } = await controlOf(context).operations.get(id);
  if (approval !== null) context.warn(`plan ${approval.plan_hash}\n${reasons(approval).join("\n")}\n`);
  return approval?.plan_hash ?? plan_hash ?? "none";
}

const reasons = ({ fields }: NonNullable<Operation["approval"]>): string[] =>
  fields.map(({ field, because }) => `  ${field}: ${because}`);

/** What to type where it waits for somebody. */
export function whatNext({ id, state, approval }: Operation): readonly string[] {
  if (state === "awaiting_approval" && approval !== null) {
    return [
      `waits until ${approval.expires_at} for a platform member's approval of plan ${approval.plan_hash}`,
      ...reasons(approval),
      `to approve: prism operation approve ${id} --plan-hash ${approval.plan_hash}`,
      `to reject:  prism operation reject ${id} --reason "…"`,
      `to watch:   prism operation watch ${id}`,
    ];
  }
  if (state !== "waiting") return [];
  return [
    "is parked: its step's attempts are used up",
    `to try again: prism operation retry ${id}`,
    `to give up:   prism operation abandon ${id}`,
  ];
}

function describe(operation: Operation): string {
  const { error, undoing, state } = operation;
  return [
    facts([
      ["operation", operation.id],
      ["kind", operation.kind],
      ["namespace", operation.namespace],
      [
        "state",
        undoing === null || operation.ended_at !== null ? state : `${state}, being undone: ${undoing}`,
      ],
      ["requested by", operation.requested_by],
      ["plan", operation.plan_hash],
      ["error", error && `${error.code}: ${error.message}`],
      ["workflow", operation.workflow.url],
    ]),
    table(
      ["step", "state", "attempts", "last error"],
      operation.steps.map(({ name, state: at, attempts, last_error }) => [
        name,
        at,
        attempts,
        last_error?.message,
      ]),
    ),
    ...(whatNext(operation).length === 0 ? [] : [whatNext(operation).join("\n")]),
  ].join("\n\n");
}
