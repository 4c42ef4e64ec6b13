import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { v7 as uuid7 } from "uuid";
import { z } from "zod";
import type { TeamCommands } from "../control/team-commands.ts";
import { PrismError } from "../domain/errors.ts";
import type { TeamRow } from "../domain/projections/teams.ts";
import { refusal } from "../domain/request/violation.ts";
import { parseQuota } from "../domain/team/parse-quota.ts";
import type { ProjectionReader } from "../eventstore/runner/reader.ts";
import type { Caller } from "../runtime/auth.ts";
import { documentOf } from "./request-body.ts";
import { acceptsAnyBody } from "./request-schema.ts";
import { amounts, errors, listOf, page, teamAnswer } from "./schemas.ts";

export type TeamRoutes = { readonly teams: TeamCommands; readonly teamRows: ProjectionReader<TeamRow> };

const tags = ["teams"];
const params = z.object({
  team: z
    .string()
    .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, "must be lower-case words joined by hyphens")
    .max(64),
});

export const teamRoutes =
  ({ teams, teamRows }: TeamRoutes): FastifyPluginAsyncZod =>
  async (server) => {
    server.get(
      "/teams",
      {
        schema: {
          tags,
          summary: "The teams you may see, with their quotas",
          querystring: page,
          response: { 200: listOf(teamAnswer), ...errors },
        },
      },
      async (request) => {
        const caller = await request.caller();
        const { limit, cursor } = request.query;
        const { items, next } = await teamRows.list({
          filter: ({ team }) => maySee(caller, team),
          after: cursor,
          limit,
        });
        return { items: items.map(({ row }) => view(row)), next_cursor: next };
      },
    );

    server.get(
      "/teams/:team",
      {
        schema: {
          tags,
          summary: "One team's quota, and what is taken of it",
          params,
          response: { 200: teamAnswer, ...errors },
        },
      },
      async (request) => {
        const caller = await request.caller();
        const { team } = request.params;
        const row = maySee(caller, team) ? await teamRows.get(team) : undefined;
        if (row === undefined) throw unknownTeam(team);
        return view(row);
      },
    );

    server.put(
      "/teams/:team",
      {
        schema: {
          tags,
          summary: "Define a team, or change its quota",
          description:
            "Platform only. Amounts that are left out keep what they are; for a new team they are 0. " +
            "Below what is reserved it is refused without `force`; with it, nothing of the team grows until it is within its quota.",
          params,
          querystring: z.object({
            force: z.enum(["true", "false"]).default("false").describe("Also below what is reserved"),
          }),
          body: z.object({ quota: amounts.partial() }),
          response: { 200: teamAnswer, ...errors },
        },
        validatorCompiler: acceptsAnyBody,
      },
      async (request) => {
        const caller = await request.caller();
        if (!caller.platform) {
          throw new PrismError("FORBIDDEN", "Only the platform team defines teams and quotas", {
            details: { recommendation: "Ask a member of the platform team" },
          });
        }
        const { team } = request.params;
        const document = documentOf(request);
        const parsed = parseQuota(document);
        if ("violations" in parsed) throw refusal(parsed.violations);
        const position = await teams.decide({
          team,
          operation: uuid7(),
          actor: caller.subject,
          command: { type: "DefineTeam", team, quota: parsed.quota, force: request.query.force === "true" },
        });
        await teamRows.waitFor(position, AbortSignal.timeout(10_000));
        const row = await teamRows.get(team);
        if (row === undefined) throw unknownTeam(team);
        return view(row);
      },
    );
  };

const view = ({ holdings: _, ...team }: TeamRow) => team;

const maySee = (caller: Caller, team: string): boolean =>
  caller.platform || caller.audit || caller.teams.includes(team);

const unknownTeam = (team: string): PrismError =>
  new PrismError("NOT_FOUND", `Team '${team}' does not exist`, {
    details: { field: "team", recommendation: "Check the spelling, or ask the platform team to define it" },
  });
