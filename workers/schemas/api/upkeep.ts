/** Upkeep of copies and seals, one batch per call, and diagnosis: `POST /api/admin/project`, `…/reseal` and `…/diagnose`. */
import { z } from "zod";
import { DryRun, uuid, wholeInBody } from "./parameters.ts";

const count = z.number().int();
const Cursor = z
  .string({ error: "the `nextCursor` of the previous batch" })
  .max(2_000, { error: "the `nextCursor` of the previous batch" })
  .nullish()
  .describe("The `nextCursor` of the previous batch.");
const NextCursor = z.string().nullable().describe("Null after the last batch.");

export const ProjectInput = z.strictObject({
  cursor: Cursor,
  limit: wholeInBody(1, 200).default(50).describe("Maximum entries that are written or removed per batch."),
  dryRun: DryRun,
});

export const ProjectResult = z.object({
  checked: count.describe("Entries compared in this batch."),
  total: count.describe("Entries that KV should have."),
  missing: count.describe("Entries that KV lacked; written."),
  stale: count.describe("Entries that differed; written."),
  extra: count.describe("Entries without a domain or valid client key; removed."),
  unreadable: z
    .array(z.string())
    .describe("Domains that were not written: CREDENTIAL_KEYS lacks the key of their credential."),
  nextCursor: NextCursor,
});
export type ProjectResult = z.infer<typeof ProjectResult>;

export const ResealInput = z.strictObject({
  cursor: Cursor,
  limit: wholeInBody(1, 500).default(100).describe("Maximum values per batch."),
});

export const ResealResult = z.object({
  field: z.string().describe("What this batch was of, such as `accounts.credential`."),
  resealed: count.describe("Values that are now sealed with the first key."),
  unreadable: count.describe("Values that no key of CREDENTIAL_KEYS opens; unchanged."),
  nextCursor: NextCursor,
});
export type ResealResult = z.infer<typeof ResealResult>;

export const DiagnosisInput = z.strictObject({
  nonce: uuid().describe("Chosen by the caller; the same in repeated calls."),
});

const problem = z.string().nullable().describe("Why it failed; null if it worked.");
export const Diagnosis = z.object({
  now: z.iso.datetime().describe("The clock of the deployment."),
  database: z.object({
    problem,
    roundTripMs: count.nullable().describe("One statement on an open connection of the writing role."),
    missingRights: z
      .array(z.string())
      .nullable()
      .describe("Privileges that the writing or the reading role lacks."),
    bytes: count.nullable().describe("Size of the database."),
    maxConnections: count.nullable(),
    exchangesOfDay: count.nullable().describe("Stored exchanges that started in the last 24 hours."),
  }),
  journal: z.object({ problem }).describe("Writing, reading and deleting an object of the R2 bucket."),
  kv: z.object({
    problem,
    isRead: z
      .boolean()
      .describe("The value that an earlier call wrote is read; otherwise it was written now."),
  }),
  cron: z.object({
    problem,
    ranAt: z.iso
      .datetime()
      .nullable()
      .describe("When cron last looked for work in the database, which it does in the minutes after a use."),
  }),
});
export type Diagnosis = z.infer<typeof Diagnosis>;
