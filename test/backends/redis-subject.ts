import { logins } from "../../backends/logins.ts";
import type { Resource } from "../../domain/plan.ts";

export const url = process.env["PRISM_REDIS_URL"] ?? "";
export const common = { logins: logins("a secret of this test"), deadlineMs: 8_000 };
export const userOf = (name: string): Resource => ({
  backend: "redis",
  kind: "acl-user",
  name,
  config: { prefix: `${name}:` },
});
