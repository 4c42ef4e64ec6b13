import { createInterface } from "node:readline";
import { type Command, InvalidArgumentError } from "commander";
import { contentOf } from "./content-of.ts";
import { type Context, clientOf } from "./context.ts";
import { wholeNumber } from "./options.ts";

/** `prism publish` and `prism consume`: a queue namespace from the command line, one message a line. */
export function messageCommands(program: Command, context: Context): void {
  program
    .command("publish <namespace> <topic>")
    .description("publish messages; each line of standard input is one, --file is one as a whole")
    .option("--key <key>", "orders the messages where the namespace is ordered")
    .option("--file <file>", "the payload; - or nothing reads lines from standard input")
    .action(async (namespace: string, topic: string, { key, file }: { key?: string; file?: string }) => {
      const client = clientOf(context, namespace);
      const options = key === undefined ? {} : { key };
      try {
        let published = 0;
        for await (const payload of payloads(file)) {
          const { offset } = await client.queue.publish(topic, payload, options);
          published += 1;
          if (published === 1) context.write(`first offset ${offset}\n`);
        }
        context.write(
          `published ${published} ${published === 1 ? "message" : "messages"} to ${namespace} ${topic}\n`,
        );
      } finally {
        client.close();
      }
    });

  program
    .command("consume <namespace> <topic>")
    .description("print messages, one a line, and acknowledge them")
    .requiredOption("--group <group>", "who shares the messages")
    .option(
      "--from <start>",
      "where a new group begins: earliest, latest, an offset, or a time",
      start,
      "latest",
    )
    .option("--max <n>", "stop after so many", wholeNumber(1))
    .action(
      async (namespace: string, topic: string, options: { group: string; from: Start; max?: number }) => {
        const client = clientOf(context, namespace);
        let consumed = 0;
        try {
          for await (const message of client.queue.consume(topic, {
            group: options.group,
            from: options.from,
          })) {
            context.write(`${message.text()}\n`);
            await message.ack();
            consumed += 1;
            if (consumed === options.max) break;
          }
        } finally {
          client.close();
        }
      },
    );
}

type Start = NonNullable<Parameters<ReturnType<typeof clientOf>["queue"]["consume"]>[1]["from"]>;

/** As it is written: a word, an offset as `prism publish` prints it, or a time as in `2026-11-21T12:00:00Z`. */
function start(text: string): Start {
  if (text === "earliest" || text === "latest") return text;
  if (/^[a-z]\.\d+(\.\d+)?$/.test(text)) return { offset: text };
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) {
    throw new InvalidArgumentError(
      "it is earliest, latest, an offset such as w.12, or a time such as 2026-11-21T12:00:00Z",
    );
  }
  return { time };
}

async function* payloads(file: string | undefined): AsyncIterable<Uint8Array> {
  if (file !== undefined && file !== "-") {
    yield await contentOf(file);
    return;
  }
  for await (const line of createInterface({ input: process.stdin })) {
    if (line !== "") yield new TextEncoder().encode(line);
  }
}
