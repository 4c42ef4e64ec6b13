import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { refuseDevelopmentIssuerOffLoopback } from "../../runtime/auth.ts";
import { apiConfig, proxyConfig, workerConfig } from "../../runtime/config.ts";
import { certificateFiles } from "../../stack/certificates.ts";
import { purge, temporaryInstance } from "../../stack/instance.ts";

const platform = temporaryInstance();
const other = temporaryInstance();
afterAll(() => [platform, other].forEach(purge));
const control = await certificateFiles(platform, { role: "control", name: "api" });
const proxy = await certificateFiles(platform, { role: "proxy", shard: "shard-1", id: "proxy-1" });
const platformSecret = join(platform.folder, "secret");
writeFileSync(platformSecret, "of the platform\n");
const whole = {
  ...control,
  PRISM_CONTROL_URL: "postgres://control/c",
  PRISM_DATA_URL: "postgres://data/d",
  PRISM_KAFKA_BROKERS: "a:9092, b:9092",
  PRISM_TEMPORAL_ADDRESS: "t:7233",
  PRISM_DEV_ISSUER: "issuer.json",
  PRISM_SECRET: platformSecret,
  PRISM_PROXY_DATA_DIR: "proxy",
};
const asProxy = { ...whole, ...proxy, PRISM_PROXY_ID: "proxy-1" };
const without = (name: string) => ({ ...whole, [name]: undefined });

describe("what a process is told", () => {
  it("is enough with the servers alone", () => {
    expect(apiConfig(whole)).toMatchObject({
      port: 8900,
      controlPort: 8901,
      host: "127.0.0.1",
    });
    expect(workerConfig(whole)).toMatchObject({ operatorPort: 8991, kafkaBrokers: ["a:9092", "b:9092"] });
    expect(proxyConfig(asProxy)).toMatchObject({
      proxyPort: 8980,
      probePort: 8981,
      operatorPort: 8990,
      shard: "shard-1",
    });
  });

  it.each([
    ["PRISM_CONTROL_URL", apiConfig],
    ["PRISM_TEMPORAL_ADDRESS", apiConfig],
    ["PRISM_CONTROL_CA", apiConfig],
    ["PRISM_CONTROL_CERT", workerConfig],
    ["PRISM_CONTROL_KEY", apiConfig],
    ["PRISM_DEV_ISSUER", apiConfig],
    ["PRISM_DATA_URL", workerConfig],
    ["PRISM_KAFKA_BROKERS", workerConfig],
    ["PRISM_SECRET", workerConfig],
  ] as const)("names %s where it is missing", (name, read) =>
    expect(() => read(without(name))).toThrow(new RegExp(`^${name} is not set: it names `)),
  );

  it("sends spans only where it is told to, and a share of them that is one", () => {
    expect(proxyConfig(asProxy).tracing).toBeUndefined();
    const OTEL_EXPORTER_OTLP_ENDPOINT = "http://127.0.0.1:4318";
    const told = { ...asProxy, OTEL_EXPORTER_OTLP_ENDPOINT };
    expect(proxyConfig(told).tracing).toEqual({ endpoint: OTEL_EXPORTER_OTLP_ENDPOINT, share: 1 });
    expect(apiConfig({ ...told, ...control, OTEL_TRACES_SAMPLER_ARG: "0.1" }).tracing?.share).toBe(0.1);
    for (const OTEL_TRACES_SAMPLER_ARG of ["2", "-1", "some"]) {
      expect(() => proxyConfig({ ...told, OTEL_TRACES_SAMPLER_ARG })).toThrow("OTEL_TRACES_SAMPLER_ARG");
    }
  });

  it("takes an operator of NATS with a user of the system account, and neither alone", () => {
    const [PRISM_NATS_OPERATOR, PRISM_NATS_SYSTEM] = ["SOABC", "a.b.c:SUABC"];
    const trust = (env: Record<string, string>) => workerConfig({ ...whole, ...env }).natsTrust;
    expect(trust({})).toBeUndefined();
    expect(trust({ PRISM_NATS_OPERATOR, PRISM_NATS_SYSTEM })).toEqual({
      operator: "SOABC",
      system: "a.b.c:SUABC",
    });
    expect(() => trust({ PRISM_NATS_OPERATOR })).toThrow("PRISM_NATS_SYSTEM is not set");
    expect(() => trust({ PRISM_NATS_SYSTEM })).toThrow("PRISM_NATS_OPERATOR is not set");
    expect(() => trust({ PRISM_NATS_OPERATOR: "SUABC", PRISM_NATS_SYSTEM })).toThrow("must be the seed");
    expect(() => trust({ PRISM_NATS_OPERATOR, PRISM_NATS_SYSTEM: "name:word" })).toThrow("JWT and seed");
  });

  it("names the folder that a proxy lacks", () =>
    expect(() => proxyConfig({ ...asProxy, PRISM_PROXY_DATA_DIR: "" })).toThrow(
      "PRISM_PROXY_DATA_DIR is not set: it names ",
    ));

  it("refuses a certificate of another process, of another CA, or without its key", async () => {
    expect(() => proxyConfig({ ...asProxy, PRISM_PROXY_ID: "proxy-2" })).toThrow(
      "PRISM_CONTROL_CERT is the certificate of proxy/shard-1/proxy-1, not of this process",
    );
    expect(() => proxyConfig({ ...asProxy, PRISM_SHARD: "shard-2" })).toThrow("not of this process");
    expect(() => apiConfig({ ...whole, ...proxy })).toThrow("not of this process");
    const foreign = await certificateFiles(other, { role: "control", name: "api" });
    expect(() => apiConfig({ ...whole, PRISM_CONTROL_CERT: foreign["PRISM_CONTROL_CERT"] })).toThrow(
      "PRISM_CONTROL_CERT was not issued by the CA of PRISM_CONTROL_CA",
    );
    expect(() => apiConfig({ ...whole, PRISM_CONTROL_KEY: foreign["PRISM_CONTROL_KEY"] })).toThrow(
      "PRISM_CONTROL_KEY is not the key of PRISM_CONTROL_CERT",
    );
    const empty = join(platform.folder, "empty");
    writeFileSync(empty, "");
    expect(() => apiConfig({ ...whole, PRISM_CONTROL_CERT: empty })).toThrow(
      "PRISM_CONTROL_CERT names a file that holds no certificate",
    );
  });

  it("names a variable that makes no sense", () => {
    expect(() => apiConfig({ ...whole, PRISM_API_PORT: "eighty" })).toThrow(
      "PRISM_API_PORT must be a whole number",
    );
    expect(() => apiConfig({ ...whole, PRISM_LOG_LEVEL: "loud" })).toThrow("PRISM_LOG_LEVEL must be one of");
    expect(() => apiConfig({ ...whole, PRISM_CONTROL_CERT: "nowhere" })).toThrow(
      "names a file that cannot be read",
    );
  });

  it("reads secrets from files, and logs in to Kafka where it is told to", () => {
    expect(workerConfig(whole)).toMatchObject({
      platformSecret: "of the platform",
      backendDeadlineMs: 8_000,
    });
    expect(workerConfig(whole)).not.toHaveProperty("kafkaSasl");
    const sasl = { ...whole, PRISM_KAFKA_SASL_USERNAME: "prism" };
    expect(() => workerConfig(sasl)).toThrow("PRISM_KAFKA_SASL_PASSWORD is not set");
    const both = { ...sasl, PRISM_KAFKA_SASL_PASSWORD: platformSecret };
    const kafkaSasl = { mechanism: "SCRAM-SHA-512", username: "prism", password: "of the platform" };
    expect(workerConfig(both)).toMatchObject({ kafkaSasl });
    expect(proxyConfig({ ...asProxy, ...both, ...proxy })).toMatchObject({ kafkaSasl });
    const unknown = { ...both, PRISM_KAFKA_SASL_MECHANISM: "MAGIC" };
    expect(() => workerConfig(unknown)).toThrow("PRISM_KAFKA_SASL_MECHANISM must be one of PLAIN");
  });

  it("keeps tenants' data off the control database", () =>
    expect(() => workerConfig({ ...whole, PRISM_DATA_URL: whole.PRISM_CONTROL_URL })).toThrow(
      "PRISM_DATA_URL is the control database",
    ));

  it("asks for issuer and audience with a key set", () => {
    const jwks = { ...whole, PRISM_JWKS_URL: "http://keys" };
    expect(() => apiConfig(jwks)).toThrow("PRISM_JWT_ISSUER is not set");
    expect(apiConfig({ ...jwks, PRISM_JWT_ISSUER: "i", PRISM_JWT_AUDIENCE: "a" }).auth).toEqual({
      kind: "jwks",
      url: "http://keys",
      issuer: "i",
      audience: "a",
    });
  });

  it("keeps the development issuer on loopback", () => {
    const issuer = { kind: "development", file: "issuer.json" } as const;
    expect(() => refuseDevelopmentIssuerOffLoopback(issuer, ["127.0.0.1", "::1", "localhost"])).not.toThrow();
    expect(() => refuseDevelopmentIssuerOffLoopback(issuer, ["0.0.0.0"])).toThrow("loopback only");
  });
});
