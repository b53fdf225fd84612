/** Accounts and their logins at Claude, as administrators see and renew them. */
import { z } from "zod";
import { AccountId, ApiKeyInput, CredentialState, PassthroughInput } from "./domains.ts";
import { text } from "./parameters.ts";
import { CredentialType } from "../exchange.ts";
import { OAuthStatus } from "../oauth.ts";

export const AccountLogin = OAuthStatus.extend({ accountId: z.string() });
export type AccountLogin = z.infer<typeof AccountLogin>;

export const AccountView = z.object({
  accountId: z.string(),
  credentialType: CredentialType,
  state: CredentialState,
  domains: z.array(z.string()).describe("Configured domains that use it."),
  login: OAuthStatus.nullable().describe("Of OAuth accounts; null for others."),
  updatedAt: z.iso.datetime().describe("When its credential was set."),
});
export type AccountView = z.infer<typeof AccountView>;

export const AccountList = z.object({ accounts: z.array(AccountView) });
export type AccountList = z.infer<typeof AccountList>;

export const LoginStarted = z.object({
  accountId: z.string(),
  url: z.string().describe("What the person opens who logs in; it ends with a code to carry over."),
  expiresAt: z.iso.datetime(),
  terms: z.string().describe("To be shown before the person goes there."),
});
export type LoginStarted = z.infer<typeof LoginStarted>;

export const PendingLogin = z.object({
  accountId: z.string(),
  terms: LoginStarted.shape.terms,
  url: z.string().nullable().describe("Of the login that waits for its code; null when none does."),
  expiresAt: z.iso.datetime().nullable().describe("Until when its code is accepted."),
});
export type PendingLogin = z.infer<typeof PendingLogin>;

const CREDENTIAL_RULE =
  'one of {"type":"api_key","api_key"}, {"type":"passthrough"}; a login is begun with POST …/oauth/login';
export const AccountInput = z.strictObject(
  {
    credential: z
      .discriminatedUnion("type", [ApiKeyInput, PassthroughInput], { error: CREDENTIAL_RULE })
      .describe("Write-only. It takes the place of the credential that the account has, a login included."),
  },
  { error: "a JSON object with the field credential" },
);

export const LoginCode = z.strictObject(
  { code: text(8_500, "the code that the login page showed, code#state") },
  { error: "a JSON object with the field code" },
);

export const AccountParameter = z.object({ accountId: AccountId.describe("The account's id.") });
