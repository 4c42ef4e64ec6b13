import { userInfo } from "node:os";
import type { Command } from "commander";
import type { Context } from "./context.ts";
import { seconds } from "./options.ts";

export type TokenWish = {
  readonly subject: string;
  readonly teams: readonly string[];
  readonly scopes: readonly string[];
  readonly ttlSeconds: number;
};

/** `prism token`: a token of the development issuer, for trying things out. */
export function tokenCommand(
  program: Command,
  context: Context,
  sign: (wish: TokenWish) => Promise<string>,
): void {
  program
    .command("token")
    .description("print a token of the development issuer")
    .option("--team <team...>", "a member of these teams")
    .option("--service <service>", "a service, as consumers are")
    .option("--user <user>", "the user's name (default: yours)")
    .option("--platform", "the platform role")
    .option("--audit", "reads everything, changes nothing")
    .option("--ttl <duration>", "how long it holds", seconds, 3_600)
    .action(async (wish: Wish) => context.write(`${await sign(asked(wish))}\n`));
}

type Wish = {
  readonly team?: readonly string[];
  readonly service?: string;
  readonly user?: string;
  readonly platform?: boolean;
  readonly audit?: boolean;
  readonly ttl: number;
};

function asked({ team = [], service, user, platform, audit, ttl }: Wish): TokenWish {
  const subject = service === undefined ? `user:${user ?? userInfo().username}` : `service:${service}`;
  const scopes = [...(platform ? ["prism:platform"] : []), ...(audit ? ["prism:audit"] : [])];
  return { subject, teams: team, scopes, ttlSeconds: ttl };
}
