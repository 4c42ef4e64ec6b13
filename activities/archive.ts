import { PrismError } from "../domain/errors.ts";

/** Where the histories of deleted namespaces are kept. */
export interface Archive {
  /** Leaves `body` under `key`, also where it is there already; answers the bucket it is in. */
  put(key: string, body: Uint8Array, signal: AbortSignal): Promise<{ readonly bucket: string }>;
}

/** A platform without S3 deletes nothing: the evidence would be gone with it. */
export const noArchive: Archive = {
  put: () =>
    Promise.reject(
      new PrismError(
        "BACKEND_UNAVAILABLE",
        "there is nowhere to keep the history: PRISM_S3_ENDPOINT is not set",
        {
          details: { backend: "s3", recommendation: "Give the worker an S3, and retry the operation" },
        },
      ),
    ),
};
