import { expect, it } from "vitest";
import { loginUrl, readPastedCode } from "./login.ts";

it("the address of the login page has the challenge of the verifier and never the verifier", () => {
  // The verifier and challenge of RFC 7636, appendix B.
  const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  const url = new URL(
    loginUrl({
      authorizeUrl: "https://claude.example/oauth/authorize?theme=dark",
      clientId: "client",
      redirectUrl: "https://claude.example/callback",
      scopes: "user:profile user:inference",
      state: "state",
      verifier,
    }),
  );
  expect(url.origin + url.pathname).toBe("https://claude.example/oauth/authorize");
  expect(Object.fromEntries(url.searchParams)).toEqual({
    theme: "dark",
    code: "true",
    client_id: "client",
    response_type: "code",
    redirect_uri: "https://claude.example/callback",
    scope: "user:profile user:inference",
    code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    code_challenge_method: "S256",
    state: "state",
  });
  expect(url.href).not.toContain(verifier);
});

it.each([
  ["code#state", { code: "code", state: "state" }],
  ["  code#state\n", { code: "code", state: "state" }],
  ["https://console.example/oauth/code/callback?code=co%2Fde&state=state", { code: "co/de", state: "state" }],
  ["code", null],
  ["#state", null],
  ["code#", null],
  ["", null],
  ["two words#state", null],
  ["https://console.example/oauth/code/callback?code=code", null],
])("%j is read as %j", (pasted, expected) => {
  expect(readPastedCode(pasted)).toEqual(expected);
});
