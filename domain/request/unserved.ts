/** What the seeds name and this build does not serve: asked for, it is `UNIMPLEMENTED`, not unknown. */

export const unservedBackends: Readonly<Record<string, string>> = {
  neptune: "graph data has no backend",
  dynamodb: "there is no DynamoDB backend",
  sqs: "there is no SQS backend",
  rabbitmq: "there is no RabbitMQ backend",
  clickhouse: "there is no ClickHouse backend",
};

export const unservedApis: Readonly<Record<string, string>> = {
  stream: "there is no Stream API",
  timeseries: "there is no TimeSeries API",
  graph: "there is no Graph API",
};

export const unservedPatterns: Readonly<Record<string, string>> = {
  "event-sourcing": "event sourcing is no pattern of the chain",
};
