/** Accounts and their OAuth logins at Claude. */
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
  login: OAuthStatus.nullable().describe("Null unless the account uses OAuth."),
  updatedAt: z.iso.datetime().describe("When its credential was set."),
});
export type AccountView = z.infer<typeof AccountView>;

export const AccountList = z.object({ accounts: z.array(AccountView) });
export type AccountList = z.infer<typeof AccountList>;

export const LoginStarted = z.object({
  accountId: z.string(),
  url: z.string().describe("The authorization page to open; it shows a code at its end."),
  expiresAt: z.iso.datetime(),
  terms: z.string().describe("Terms to show before the page is opened."),
});
export type LoginStarted = z.infer<typeof LoginStarted>;

export const PendingLogin = z.object({
  accountId: z.string(),
  terms: LoginStarted.shape.terms,
  url: z.string().nullable().describe("Of the pending login; null when there is none."),
  expiresAt: z.iso.datetime().nullable().describe("When the pending login expires."),
});
export type PendingLogin = z.infer<typeof PendingLogin>;

const CREDENTIAL_RULE =
  'one of {"type":"api_key","api_key"}, {"type":"passthrough"}; a login is started with POST …/oauth/login';
export const AccountInput = z.strictObject(
  {
    credential: z
      .discriminatedUnion("type", [ApiKeyInput, PassthroughInput], { error: CREDENTIAL_RULE })
      .describe("Write-only. Replaces the credential of the account, including a login."),
  },
  { error: "a JSON object with the field credential" },
);

export const LoginCode = z.strictObject(
  { code: text(8_500, "the code of the login page, code#state") },
  { error: "a JSON object with the field code" },
);

export const AccountParameter = z.object({ accountId: AccountId.describe("The account's id.") });
