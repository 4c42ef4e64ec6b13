import { authority, refuseDevelopmentIssuerOffLoopback } from "../runtime/auth.ts";
import { proxyConfig } from "../runtime/config.ts";
import { log } from "../runtime/log.ts";
import { endOnUnexpected, run, stopOnSignal } from "../runtime/shutdown.ts";
import { startTracing } from "../runtime/tracing.ts";
import { proxy } from "./proxy.ts";

run(async () => {
  const config = proxyConfig(process.env);
  refuseDevelopmentIssuerOffLoopback(config.auth, [config.host]);
  const logger = log("proxy", config.logLevel);
  endOnUnexpected(logger);
  const spans = await startTracing("proxy", config.tracing);
  const { stopping } = await proxy({ ...config, authority: authority(config.auth), log: logger });
  stopOnSignal(logger, [...stopping, spans]);
});
