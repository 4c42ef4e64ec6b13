import type { Command } from "commander";
import type { Amounts, Team } from "../sdk/typescript/answers.ts";
import { answer, type Context, controlOf } from "./context.ts";
import { everyPage } from "./every-page.ts";
import { outputOption } from "./options.ts";
import { type Format, table } from "./output.ts";
import { UsageError } from "./usage-error.ts";

type Output = { readonly output: Format };

/** `prism team …`: what a team may have, and what it has taken. */
export function teamCommands(program: Command, context: Context): void {
  const team = program.command("team").description("teams and their quotas");

  team
    .command("set <team>")
    .description("define a team, or change its quota (platform only); what is left out stays")
    .option("--write-rps <rate>", "writes per second, such as 50000 or 50k")
    .option("--read-rps <rate>", "reads per second")
    .option("--data-size <size>", "such as 500GB")
    .option("--namespaces <n>", "how many namespaces")
    .option(
      "--force",
      "also below what is reserved: nothing of the team grows then until it is within its quota",
    )
    .addOption(outputOption())
    .action(async (name: string, { output, force, ...given }: Output & Given & { force?: boolean }) => {
      const changed = await controlOf(context).teams.set(name, quotaOf(given), { force: force === true });
      answer(context, output, changed, () => described([changed]));
    });

  team
    .command("get <team>")
    .description("one team")
    .addOption(outputOption())
    .action(async (name: string, { output }: Output) => {
      const found = await controlOf(context).teams.get(name);
      answer(context, output, found, () => described([found]));
    });

  team
    .command("list")
    .description("the teams you may see")
    .addOption(outputOption())
    .action(async ({ output }: Output) => {
      const { items } = await everyPage(controlOf(context).teams.list);
      answer(context, output, items, () => described(items));
    });
}

type Given = {
  readonly writeRps?: string;
  readonly readRps?: string;
  readonly dataSize?: string;
  readonly namespaces?: string;
};

/** As it was written: the API reads the units, and says what it cannot read. */
function quotaOf({ writeRps, readRps, dataSize, namespaces }: Given): Partial<Amounts> {
  const quota = {
    ...(writeRps !== undefined && { write_rps: plain(writeRps) }),
    ...(readRps !== undefined && { read_rps: plain(readRps) }),
    ...(dataSize !== undefined && { data_size: dataSize }),
    ...(namespaces !== undefined && { namespaces: plain(namespaces) }),
  };
  if (Object.keys(quota).length === 0)
    throw new UsageError("say at least one of --write-rps, --read-rps, --data-size, --namespaces");
  return quota as Partial<Amounts>;
}

const plain = (text: string): number | string => (/^\d+$/.test(text) ? Number(text) : text);

function described(teams: readonly Team[]): string {
  const amounts = ["write_rps", "read_rps", "data_size", "namespaces"] as const;
  const rows = teams.flatMap(({ team, quota, reserved, remaining, over_quota }) =>
    amounts.map((amount, index) => [
      index === 0 ? team : "",
      amount,
      quota[amount],
      reserved[amount],
      over_quota.includes(amount) ? "OVER QUOTA" : remaining[amount],
    ]),
  );
  return table(["team", "amount", "quota", "reserved", "remaining"], rows);
}
