/** Faults of the local stack in fault tests. Set by faulty-stack.ts, applied by worker-faults.ts. */
import { z } from "zod";

export const FAULTY_BINDINGS = ["JOURNAL", "EXCHANGES", "TENANTS"] as const;

/** `fail`: every call rejects. A number: every call takes so many milliseconds longer. CONSUMER is the queue's handler. */
export const WorkerFaults = z.partialRecord(
  z.enum([...FAULTY_BINDINGS, "CONSUMER"]),
  z.union([z.literal("fail"), z.number()]),
);
export type WorkerFaults = z.infer<typeof WorkerFaults>;
