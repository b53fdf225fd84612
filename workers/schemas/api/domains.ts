/** Domains, the credentials of their accounts and their client keys. */
import { z } from "zod";
import { text, wholeInBody } from "./parameters.ts";
import { CredentialType } from "../exchange.ts";

const ACCOUNT_RULE = "an account's id: 1 to 128 letters, digits and . _ : @ -";
export const AccountId = z
  .string({ error: ACCOUNT_RULE })
  .regex(/^[A-Za-z0-9._:@-]{1,128}$/, { error: ACCOUNT_RULE });

const SECRET_RULE = "a secret of 1 to 500 printable ASCII characters without white space";
const secret = (max: number) =>
  z
    .string({ error: SECRET_RULE })
    .max(max, { error: SECRET_RULE })
    .regex(/^[\x21-\x7e]+$/, { error: SECRET_RULE });

export const ApiKeyInput = z.strictObject({ type: z.literal("api_key"), api_key: secret(500) });
export const PassthroughInput = z.strictObject({ type: z.literal("passthrough") });
export const CredentialInput = z.discriminatedUnion(
  "type",
  [
    ApiKeyInput,
    z.strictObject({
      type: z.literal("oauth"),
      accessToken: secret(8_000),
      refreshToken: secret(8_000),
      expiresAt: z
        .number({ error: "epoch milliseconds" })
        .int({ error: "epoch milliseconds" })
        .positive({ error: "epoch milliseconds" }),
      scopes: z.array(text(100, "a scope")).max(50, { error: "at most 50 scopes" }),
    }),
    PassthroughInput,
  ],
  {
    error:
      'one of {"type":"api_key","api_key"}, {"type":"oauth","accessToken","refreshToken","expiresAt","scopes"}, {"type":"passthrough"}',
  },
);
export type CredentialInput = z.infer<typeof CredentialInput>;

const WEBHOOK_RULE = "an https address on hooks.slack.com";
/** Loopback addresses are checked later: only the local stack may use them. */
const webhook = z
  .string({ error: WEBHOOK_RULE })
  .max(1_000, { error: WEBHOOK_RULE })
  .regex(/^https?:\/\/[\x21-\x7e]+$/, { error: WEBHOOK_RULE });

export const SlackInput = z.strictObject({
  webhook_url: webhook.nullable().optional().describe("Write-only. Absent: unchanged; null: none."),
  channel: text(100, "a channel").optional(),
  username: text(100, "a user name").optional(),
  icon_emoji: text(100, "an emoji such as :robot_face:").optional(),
  enabled: z
    .boolean({ error: "true or false" })
    .optional()
    .describe("false: no messages about this domain, in the default channel either."),
  messages: z
    .boolean({ error: "true or false" })
    .optional()
    .describe("false: no messages about conversations; errors, limits and logins are still sent."),
});
export type SlackInput = z.infer<typeof SlackInput>;

const ENDPOINT_RULE = "1 to 50 paths below /v1/, * standing for any rest: /v1/messages, /v1/messages/*";
export const Endpoints = z
  .array(
    z
      .string({ error: ENDPOINT_RULE })
      .max(200, { error: ENDPOINT_RULE })
      .regex(/^\/v1\/[\w./:-]*\*?$/, { error: ENDPOINT_RULE })
      .refine(hasPlainSegments, { error: ENDPOINT_RULE }),
    { error: ENDPOINT_RULE },
  )
  .min(1, { error: ENDPOINT_RULE })
  .max(50, { error: ENDPOINT_RULE });

const OTHER_FIELDS_RULE = "an object of at most 32 KB of JSON";
export const OtherFields = z
  .record(z.string(), z.unknown(), { error: OTHER_FIELDS_RULE })
  .refine((fields) => JSON.stringify(fields).length <= 32_768, { error: OTHER_FIELDS_RULE });

export const OtherFieldsView = z.object({ otherFields: OtherFields.nullable() });

export const AnalysisAutomatic = z
  .strictObject(
    {
      idleMinutes: wholeInBody(1, 10_080).describe("Minutes since the conversation's last request."),
      moreThanTurns: wholeInBody(0, 1_000).describe("Only conversations with more turns than this."),
    },
    { error: bodyRule },
  )
  .describe(
    "The main branch of a conversation that became idle in the last seven days is analyzed once, newest first, within AI_DAILY_BUDGET_USD.",
  );
export type AnalysisAutomatic = z.infer<typeof AnalysisAutomatic>;

const analysisInput = {
  analysisEnabled: z
    .boolean({ error: "true or false" })
    .optional()
    .describe(
      "Whether conversations may be sent to the analysis provider. Absent: unchanged; at first false.",
    ),
  analysisAutomatic: AnalysisAutomatic.nullable()
    .optional()
    .describe(
      "When conversations are analyzed without a request. Absent: unchanged; null: never, as at first.",
    ),
};

export const AnalysisSettingsInput = z.strictObject(analysisInput, { error: bodyRule });
export type AnalysisSettingsInput = z.infer<typeof AnalysisSettingsInput>;

export const DomainInput = z
  .strictObject(
    {
      accountId: AccountId,
      credential: CredentialInput.optional().describe(
        "The upstream credential of the account, write-only. Absent: unchanged.",
      ),
      slack: SlackInput.nullable().optional().describe("Absent: unchanged; null: none."),
      endpoints: Endpoints.nullable()
        .optional()
        .describe("Absent: unchanged; null: all of /v1/ except /v1/organizations/ and /v1/oauth/."),
      otherFields: OtherFields.nullable()
        .optional()
        .describe("Unused fields of an imported credential file. Absent: unchanged; null: none."),
      ...analysisInput,
    },
    { error: bodyRule },
  )
  .describe("The desired state; the call is idempotent.");
export type DomainInput = z.infer<typeof DomainInput>;

const KEY_RULE = "a key of 16 to 500 printable ASCII characters without white space";
export const ClientKeyInput = z.strictObject(
  {
    name: text(100, "a name for the key"),
    key: z
      .string({ error: KEY_RULE })
      .regex(/^[\x21-\x7e]{16,500}$/, { error: KEY_RULE })
      .optional()
      .describe("An existing key of clients. Absent: a new key is created."),
  },
  { error: bodyRule },
);

/** `unreadable`: sealed with a key that CREDENTIAL_KEYS no longer holds. */
export const CredentialState = z.enum(["ready", "missing", "unreadable", "needs_login"]);
export type CredentialState = z.infer<typeof CredentialState>;

export const ClientKey = z.object({
  id: z.string(),
  name: z.string(),
  createdAt: z.iso.datetime(),
  revokedAt: z.iso.datetime().nullable(),
});
export type ClientKey = z.infer<typeof ClientKey>;

export const SlackView = z.object({
  webhook_set: z.boolean().describe("Whether a webhook URL is stored; the URL is never returned."),
  channel: z.string().nullable(),
  username: z.string().nullable(),
  icon_emoji: z.string().nullable(),
  enabled: z.boolean(),
  messages: z.boolean().describe("Whether messages about conversations are sent."),
});
export type SlackView = z.infer<typeof SlackView>;

const analysisSettings = {
  analysisEnabled: z
    .boolean()
    .describe("Whether an administrator has allowed that conversations are sent to the analysis provider."),
  analysisAutomatic: AnalysisAutomatic.nullable().describe("Null: only on request."),
};
export const AnalysisSettings = z.object({ domain: z.string(), ...analysisSettings });
export type AnalysisSettings = z.infer<typeof AnalysisSettings>;

export const DomainDetail = z.object({
  domain: z.string(),
  accountId: z.string(),
  credential: z.object({ type: CredentialType, state: CredentialState }),
  clientKeys: z.array(ClientKey),
  slack: SlackView.nullable(),
  endpoints: z.array(z.string()).nullable(),
  ...analysisSettings,
});
export type DomainDetail = z.infer<typeof DomainDetail>;

export const DomainList = z.object({
  domains: z.array(
    z.object({
      domain: z.string(),
      accountId: z.string().nullable(),
      configured: z.boolean(),
      credentialType: CredentialType.nullable(),
      requestCount: z.number().int().describe("In the last 7 days."),
      analysisEnabled: z.boolean(),
    }),
  ),
});
export type DomainList = z.infer<typeof DomainList>;

export const NewClientKey = z.object({
  id: z.string(),
  name: z.string(),
  key: z.string().describe("Returned only here and stored nowhere."),
});
export type NewClientKey = z.infer<typeof NewClientKey>;

export const SlackTest = z.object({
  delivered: z.boolean().describe("Slack accepted the message."),
  message: z.string().describe("What happened, and what to do."),
});
export type SlackTest = z.infer<typeof SlackTest>;

/** The proxy rejects paths with empty and dot segments, so a pattern with one would never match. */
function hasPlainSegments(path: string): boolean {
  const segments = path.slice("/v1/".length).split("/");
  return segments.every(
    (segment, n) => !/^\.{0,2}$/.test(segment) || (segment === "" && n === segments.length - 1 && n > 0),
  );
}

function bodyRule(issue: { code?: string | undefined; keys?: unknown }): string | undefined {
  if (issue.code === "unrecognized_keys") return "only the documented fields";
  return issue.code === "invalid_type" ? "a JSON object" : undefined;
}
