import type { Command } from "commander";
import { answer, type Context, controlOf } from "./context.ts";
import { outputOption, wholeNumber } from "./options.ts";
import { type Format, facts } from "./output.ts";
import { waitedFor } from "./patience.ts";

/** `prism relay rewind`: for when a broker has lost what it had acknowledged. */
export function relayCommands(program: Command, context: Context): void {
  const relay = program.command("relay").description("what carries a namespace's log to its backend");

  relay
    .command("rewind <name>")
    .description("send the last hour of its log again; who has seen a message is not shown it twice")
    .option("--wait-seconds <n>", "how long to wait until it is done", wholeNumber(0), 60)
    .addOption(outputOption())
    .action(async (name: string, { output, waitSeconds }: { output: Format; waitSeconds: number }) => {
      const { namespaces } = controlOf(context);
      const { namespace: rewinding, late } = await waitedFor(
        context,
        { wait: true, waitSeconds },
        (patience) => namespaces.rewindRelay(name, patience),
      );
      const { operation, ...namespace } = rewinding;
      const { items } = await namespaces.history(name, { type: "RelayRewound", limit: "1000" });
      const rewound = items.find((event) => event["operation_id"] === operation?.id);
      const messages = rewound?.data["messages"] ?? null;
      const from = rewound?.data["from"] ?? null;
      answer(context, output, { ...namespace, operation, messages, from }, () =>
        facts([
          ["namespace", name],
          ["operation", operation && `${operation.id} (${operation.kind}, ${operation.state})`],
          ["sent again", messages],
          ["from position", from],
        ]),
      );
      if (late !== undefined) throw late;
    });
}
