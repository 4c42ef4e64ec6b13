/** A team, what is planted for it, and what of that nobody else may ever see. */
export type Side = {
  readonly team: string;
  readonly token: string;
  readonly namespace: string;
  readonly operation: string;
  readonly secrets: readonly string[];
};

/**
 * Every check but the one that expects what Prism does not promise: that whatever fits the description is accepted
 * (rules and quotas refuse it). A preview accepts everything, to judge it.
 * Event streams have no end: `fuzz-streams.ts` calls them.
 */
export const configuration = (asker: Side, named: readonly Side[]): string => `
continue-on-failure = true
request-timeout = 15
suppress-health-check = ["all"]
headers = { Authorization = "Bearer ${asker.token}" }

[output.truncation]
enabled = false

[dictionaries]
namespaces.values = ${JSON.stringify(named.map(({ namespace }) => namespace))}
operations.values = ${JSON.stringify(named.map(({ operation }) => operation))}
teams.values = ${JSON.stringify(named.map(({ team }) => team))}
moments.values = ["${new Date().toISOString()}"]

[parameters]
"path.ns" = { dictionary = "namespaces", probability = 0.8 }
"path.id" = { dictionary = "operations", probability = 0.8 }
"path.team" = { dictionary = "teams", probability = 0.8 }
"query.namespace" = { dictionary = "namespaces", probability = 0.5 }
"query.as_of" = { dictionary = "moments", probability = 0.8 }
"query.team" = { dictionary = "teams", probability = 0.5 }

[checks]
not_a_server_error.expected-statuses = ["2xx", "4xx", 501, 503]
positive_data_acceptance.enabled = false

[[operations]]
include-path = "/api/v1/plans"
checks.negative_data_rejection.enabled = false

[[operations]]
include-path-regex = "/events$"
enabled = false
`;
