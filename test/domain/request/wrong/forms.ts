import { invalid, queue, type WrongRequest } from "./wrong-request.ts";

/** The other forms a request may be written in. */
export const wrongForms: readonly WrongRequest[] = [
  {
    wrong: "a catalogue of several",
    asks: { team: "payments-team", namespaces: [{ name: "a" }, { name: "b" }] },
    all: invalid("namespaces"),
    cure: "Send one entry at a time; 'prism namespace create --file' does so",
  },
  {
    wrong: "a catalogue of none",
    asks: { team: "payments-team", namespaces: [] },
    all: invalid("namespaces"),
    cure: "Send one entry at a time; 'prism namespace create --file' does so",
  },
  {
    wrong: "a catalogue with something else beside the list",
    asks: { team: "payments-team", namspaces: 1, namespaces: [{ name: "a", pattern: "queue" }] },
    all: invalid("namspaces"),
    cure: "Did you mean 'namespaces'?",
  },
  {
    wrong: "a catalogue's entry without a team anywhere",
    asks: { namespaces: [{ name: "a", pattern: "queue" }] },
    all: invalid("team"),
    cure: "Add 'team': the owning team",
  },
  {
    wrong: "a durable-queue that is not durable",
    asks: {
      team: "payments-team",
      namespaces: [{ name: "a", pattern: "durable-queue", needs: { durability: "eventual" } }],
    },
    all: invalid("needs.durability"),
    cure: "Use pattern 'queue' for a weaker durability",
  },
  {
    wrong: "a message size said twice",
    asks: {
      team: "payments-team",
      namespaces: [{ name: "a", pattern: "queue", needs: { message_size: "1MB", max_message_size: "2MB" } }],
    },
    all: invalid("needs.max_message_size"),
    cure: "Leave 'needs.message_size' out",
  },
  {
    wrong: "the catalogue's words outside a catalogue",
    asks: queue({ message_size: "1MB", throughput: "10k msgs/s" }),
    all: invalid("needs.message_size", "needs.throughput"),
    cure: "Did you mean 'needs.max_message_size'?",
  },
  {
    wrong: "ADR-006's oldest form",
    asks: { namespace: "user-profiles", abstraction: "keyvalue", capacity: { estimated_read_rps: 5000 } },
    all: invalid("abstraction"),
    cure: "Write client_api and needs instead; 'mapping' names today's field for each old one",
  },
  {
    wrong: "an audit that contradicts the policies",
    asks: queue({}, { audit: true, policies: { audit_logging: "disabled" } }),
    all: invalid("audit"),
    cure: "Say it once, at policies.audit_logging",
  },
  {
    wrong: "an approver named twice",
    asks: queue({}, { approval: { approved_by: "a", approver: "b" } }),
    all: invalid("approval.approver"),
    cure: "Leave 'approval.approved_by' out",
  },
];
