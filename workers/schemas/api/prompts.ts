/** Prompts and their sync: `/api/mcp`. */
import { z } from "zod";
import { PromptArgument, PromptProblem, RepositoryFailure } from "../prompt.ts";
import { optional, text } from "./parameters.ts";

const at = z.iso.datetime().nullable();
const count = z.number().int();
const NAME_RULE = "the name of a prompt";
const name = text(500, NAME_RULE);

export const PromptListQuery = z.object({
  search: optional(text(200, "words")).describe(
    "Only prompts with all these words in name, title or description, in upper or lower case.",
  ),
});
export const PromptParameter = z.object({
  name: name.describe("The name of the prompt. Its slashes may be sent as %2F or as they are."),
});

const PromptSummary = z.object({
  name: z.string(),
  title: z.string().nullable(),
  description: z.string(),
  arguments: z
    .array(PromptArgument)
    .describe("In the order in which they are typed. Those that no file declares stand at the end."),
  source: z
    .enum(["bundled", "repository"])
    .describe("`bundled`: deployed with the Worker; `repository`: synced from GitHub."),
  uses: count.describe("How often it was rendered for a client."),
  usesLast30Days: count,
  lastUsedOn: z.iso.date().nullable().describe("Day in UTC; null if it was never used."),
});

export const PromptList = z.object({
  prompts: z.array(PromptSummary).describe("In the order of their names."),
  total: count.describe("Prompts in the list."),
});
export type PromptList = z.infer<typeof PromptList>;

export const PromptView = PromptSummary.extend({
  template: z.string().describe("A Handlebars template."),
  file: z
    .string()
    .nullable()
    .describe("Path in the repository, below its folder of prompts; null if bundled."),
  problems: z.array(PromptProblem).describe("Of its file."),
});
export type PromptView = z.infer<typeof PromptView>;

const ARGUMENTS_RULE = "an object of texts by argument";

export const RenderInput = z.strictObject(
  {
    name,
    arguments: z
      .record(z.string().max(200, { error: ARGUMENTS_RULE }), z.string({ error: ARGUMENTS_RULE }), {
        error: ARGUMENTS_RULE,
      })
      .default({}),
  },
  { error: "name, arguments" },
);

export const RenderResult = z.object({
  text: z.string().nullable().describe("As `prompts/get` of MCP returns it; null where it fails."),
  error: z.string().nullable().describe("The error that a client gets in place of the text; null: none."),
});
export type RenderResult = z.infer<typeof RenderResult>;

export const PromptSyncStatus = z.object({
  status: z
    .enum(["not_configured", "never_synced", "syncing", "success", "error"])
    .describe(
      "`not_configured`: MCP_GITHUB_OWNER and MCP_GITHUB_REPO are not set; otherwise the state of the last try.",
    ),
  repository: z.string().nullable().describe("Owner and name."),
  branch: z.string().nullable(),
  folder: z.string().nullable().describe("Empty: the root."),
  hasToken: z.boolean().describe("Without a token, GitHub allows 60 requests per hour and address."),
  hasWebhook: z.boolean().describe("Whether MCP_GITHUB_WEBHOOK_SECRET is set."),
  intervalSeconds: count,
  commit: z.string().nullable().describe("The commit that was read last."),
  prompts: count.describe("Prompts that come from the repository."),
  lastTryAt: at,
  lastSuccessAt: at,
  lastChangeAt: at.describe("When other prompts were served than before."),
  nextTryAt: at.describe("Null: not before the settings change."),
  failuresInRow: count,
  error: RepositoryFailure.omit({ retryAt: true })
    .nullable()
    .describe("Why the last try failed; the prompts of the last success are served meanwhile."),
  note: z.string().nullable().describe("What is worth knowing of a success."),
  problems: z
    .array(PromptProblem)
    .describe(
      "Of the files of that commit. A file with an error is served in its last good version, if any.",
    ),
});
export type PromptSyncStatus = z.infer<typeof PromptSyncStatus>;

export const PromptSyncResult = z.object({
  result: z
    .enum(["changed", "unchanged", "failed"])
    .describe("`changed`: other prompts are served than before."),
  message: z.string(),
  sync: PromptSyncStatus,
});
export type PromptSyncResult = z.infer<typeof PromptSyncResult>;
