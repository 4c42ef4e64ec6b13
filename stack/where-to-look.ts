import type { Prism } from "./prism-up.ts";

type Shown = { readonly prism: Prism; readonly namespace: string; readonly team: string };

/** What a person does next with a Prism that is up. */
export const whereToLook = ({ prism, namespace, team }: Shown): string => `
Look around
  API documentation  ${prism.environment["PRISM_API_URL"]}/docs
  Temporal UI        ${prism.environment["PRISM_TEMPORAL_UI_URL"]}
  proxy (gRPC)       ${prism.processes.addresses.proxy}

Try
  export PRISM_TOKEN=$(npx prism token --team ${team})
  npx prism namespace get ${namespace}
  npx prism namespace history ${namespace}
  echo '{"order_id": 12345, "amount": 99.99}' | npx prism publish ${namespace} orders
  npx prism consume ${namespace} orders --group mine --from earliest --max 5
`;
