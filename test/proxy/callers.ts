import { PrismError } from "../../domain/errors.ts";
import type { Authority, Caller } from "../../runtime/auth.ts";

const caller = (subject: string, more: Partial<Caller> = {}): Caller => ({
  subject,
  teams: [],
  platform: false,
  audit: false,
  expiresAt: new Date(Date.now() + 3_600_000),
  ...more,
});

export const callers = {
  owner: caller("user:olivia", { teams: ["team-orders"] }),
  writer: caller("service:order-api"),
  reader: caller("service:billing"),
  stranger: caller("service:stranger", { teams: ["team-else"] }),
  platform: caller("user:pat", { platform: true }),
  auditor: caller("user:aud", { audit: true }),
};

export type Who = keyof typeof callers | "brief";

/** Tokens are the callers' names; `brief` is the owner for half a second. */
export const authority: Authority = {
  async caller(authorization) {
    const token = authorization?.replace(/^Bearer /, "") ?? "";
    if (token === "brief") return { ...callers.owner, expiresAt: new Date(Date.now() + 500) };
    if (Object.hasOwn(callers, token)) return callers[token as keyof typeof callers];
    throw new PrismError("UNAUTHENTICATED", "not signed in");
  },
};
