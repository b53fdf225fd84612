/** Accounts and their logins at Claude, as administrators see and renew them. */
import { z } from "zod";
import { AccountId, CredentialState } from "./api-domains.ts";
import { text } from "./api-parameters.ts";
import { CredentialType } from "./exchange.ts";
import { OAuthStatus } from "./oauth.ts";

export const AccountLogin = OAuthStatus.extend({ accountId: z.string() });
export type AccountLogin = z.infer<typeof AccountLogin>;

export const AccountList = z.object({
  accounts: z.array(
    z.object({
      accountId: z.string(),
      credentialType: CredentialType,
      state: CredentialState,
      domains: z.array(z.string()).describe("Configured domains that use it."),
      login: OAuthStatus.nullable().describe("Of OAuth accounts; null for others."),
    }),
  ),
});
export type AccountList = z.infer<typeof AccountList>;

export const LoginBegun = z.object({
  accountId: z.string(),
  url: z.string().describe("What the person opens who logs in; it ends with a code to carry over."),
  expiresAt: z.iso.datetime(),
  terms: z.string().describe("To be shown before the person goes there."),
});
export type LoginBegun = z.infer<typeof LoginBegun>;

export const LoginCode = z.strictObject(
  { code: text(8_500, "the code that the login page showed, code#state") },
  { error: "a JSON object with the field code" },
);

export const AccountParameter = z.object({ accountId: AccountId.describe("The account's id.") });
