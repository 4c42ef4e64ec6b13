export type NamespaceStatus =
  | "absent"
  | "provisioning"
  | "awaiting_approval"
  | "active"
  | "degraded"
  | "deleting"
  | "deleted"
  | "failed"
  | "rejected";
