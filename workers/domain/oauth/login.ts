/** Login with a pasted code: authorization code grant with PKCE. RFC 6749 4.1, RFC 7636. */
import { toBase64Url } from "../bytes.ts";
import { sha256 } from "../sha256.ts";

/** Time limit between starting a login and pasting its code. */
export const LOGIN_TIMEOUT_MS = 900_000;

export interface LoginRequest {
  authorizeUrl: string;
  clientId: string;
  redirectUrl: string;
  scopes: string;
  state: string;
  verifier: string;
}

/** The address a person opens to log in. `code=true` makes the vendor's page show the code instead of redirecting. */
export function loginUrl(login: LoginRequest): string {
  const url = new URL(login.authorizeUrl);
  const challenge = toBase64Url(sha256(login.verifier));
  for (const [name, value] of Object.entries({
    code: "true",
    client_id: login.clientId,
    response_type: "code",
    redirect_uri: login.redirectUrl,
    scope: login.scopes,
    code_challenge: challenge,
    code_challenge_method: "S256",
    state: login.state,
  }))
    url.searchParams.set(name, value);
  return url.href;
}

/** Reads a pasted code: `code#state` as the vendor's page shows it, or that page's URL. Null for anything else. */
export function readPastedCode(pasted: string): { code: string; state: string } | null {
  const text = pasted.trim();
  const url = /^https?:\/\//i.test(text) ? URL.parse(text) : null;
  const [code, state] = url
    ? [url.searchParams.get("code"), url.searchParams.get("state")]
    : (text.split("#", 2) as [string, string?]);
  const isToken = (part: string | null | undefined): part is string =>
    /^[\x21-\x7e]{1,4000}$/.test(part ?? "");
  return isToken(code) && isToken(state) ? { code, state } : null;
}
