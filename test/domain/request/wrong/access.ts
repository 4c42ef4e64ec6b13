import { invalid, queue, root, type WrongRequest } from "./wrong-request.ts";

/** Who asks, and whom they let in. */
export const wrongAccess: readonly WrongRequest[] = [
  {
    wrong: "a bare consumer without its mode",
    asks: queue({}, { access: { consumers: ["user-api"] } }),
    all: invalid("access.consumers[0]"),
    cure: "Write 'user-api (read-write)', or 'service: user-api'",
  },
  {
    wrong: "a consumer with a mode nobody knows",
    asks: queue({}, { access: { consumers: [{ service: "user-api", access: "write-only" }] } }),
    all: invalid("access.consumers[0].access"),
    cure: "Use one of: read-write, read-only",
  },
  {
    wrong: "a consumer that says its mode in two ways",
    asks: queue({}, { access: { consumers: [{ service: "user-api (read-only)", access: "read-write" }] } }),
    all: invalid("access.consumers[0].access"),
    cure: "Say the mode once",
  },
  {
    wrong: "a service listed with two modes",
    asks: queue({}, { access: { consumers: ["api (read-only)", { service: "api" }] } }),
    all: invalid("access.consumers"),
    cure: "List it once",
  },
  {
    wrong: "an owner that is no team",
    asks: queue({}, { access: { owners: [{ user: "alice" }] } }),
    all: invalid("access.owners[0].user", "access.owners[0].team"),
    cure: "Remove it; known here: team",
  },
  {
    wrong: "owners that are no list",
    asks: queue({}, { access: { owners: { team: "payments-team" } } }),
    all: invalid("access.owners"),
    cure: "Write a list",
  },
  {
    wrong: "an owner team that does not exist",
    asks: queue({}, { access: { owners: [{ team: "payments-team" }, { team: "ghosts" }] } }),
    given: { teamExists: (team) => team !== "ghosts" },
    all: invalid("access.owners[1].team"),
    cure: "Check the spelling, or ask the platform team to define it",
  },
  {
    wrong: "an unknown team, asked for by the platform",
    asks: queue({}, { team: "ghosts" }),
    given: { ...root, teamExists: (team) => team !== "ghosts" },
    all: invalid("team"),
    cure: "Check the spelling, or ask the platform team to define it",
  },
  {
    wrong: "somebody else's team, which says nothing of all the rest",
    asks: queue({ durability: "no" }, { team: "media-team", patterns: [] }),
    all: ["FORBIDDEN team"],
    cure: "Ask a member of the team, or name a team of yours",
  },
  {
    wrong: "an unknown team, asked for by a stranger: no different from another's",
    asks: queue({}, { team: "ghosts" }),
    given: { teamExists: () => false },
    all: ["FORBIDDEN team"],
    cure: "Ask a member of the team, or name a team of yours",
  },
  {
    wrong: "a --team that contradicts the file",
    asks: queue({}),
    given: { team: "media-team" },
    all: invalid("team"),
    cure: "Leave one of them out",
  },
];
