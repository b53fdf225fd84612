/** The one set of patterns, on secrets of many kinds, on personal data, and on code that holds neither. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { MARKED_SECRETS, textOf } from "../../../test/support/marked-secrets.ts";
import { maskPersonalData } from "./personal-data.ts";
import { redact } from "./redact.ts";

const mask = (text: string) => maskPersonalData(redact(text));

test.each(MARKED_SECRETS.map((marked) => [marked[0], marked] as const))("masks: %s", (_kind, marked) => {
  const [, secret] = marked;
  const text = textOf(marked);
  for (const shown of [
    text,
    `before ${text} after`,
    `${text}\n${text}`,
    JSON.stringify({ content: text }),
    ...["\n", "\r\n", "\t", "\u001b[32m", "\u001b[01;31m\u001b[K"].map((before) =>
      JSON.stringify({ content: `x${before}${text}` }),
    ),
    JSON.stringify(JSON.stringify({ content: `x\n${text}` })),
    `\u001b[32m${text}\u001b[0m`,
    `[32m${text}`,
    String.raw`x\u000a${text}`,
    `q=a%20${text}`,
  ]) {
    const masked = redact(shown);
    expect(masked).not.toContain(secret);
    expect(masked).not.toContain(JSON.stringify(secret).slice(1, -1));
    // No part of it either.
    for (let at = 0; at + 12 <= secret.length; at += 6)
      expect(masked).not.toContain(secret.slice(at, at + 12));
    expect(redact(masked)).toBe(masked);
  }
});

test("the set has more than forty kinds", () => {
  expect(new Set(MARKED_SECRETS.map(([kind]) => kind)).size).toBe(MARKED_SECRETS.length);
  expect(MARKED_SECRETS.length).toBeGreaterThan(40);
});

test.each([
  ["write to ann.lee+x@firm.co.uk now", "write to [e-mail] now"],
  ["<ann@firm.de>, bob@mail.firm.de", "<[e-mail]>, [e-mail]"],
  ["call +49 170 1234567 or +1 (415) 555-0132", "call [phone] or [phone]"],
  ["tel:+491701234567", "tel:[phone]"],
  ["(415) 555-0132, 415-555-0132, 0170 1234567", "[phone], [phone], [phone]"],
  ["card 4111 1111 1111 1111, 378282246310005", "card [card], [card]"],
  ["IBAN DE89 3704 0044 0532 0130 00 and GB82WEST12345698765432.", "IBAN [IBAN] and [IBAN]."],
  ["SSN 123-45-6789", "SSN [social security number]"],
])("masks personal data in %j", (text, masked) => {
  expect(maskPersonalData(text)).toBe(masked);
  expect(maskPersonalData(masked)).toBe(masked);
  for (const before of ["x\\n", "x\\r\\n", "x\\u000a", "[32m"])
    expect(maskPersonalData(`${before}${text}`)).toBe(`${before}${masked}`);
});

/** `´` and `§` stand for a backquote and a dollar sign. */
const CODE = String.raw`
const token = await getToken();
export function login(password: string, apiKey?: string): Promise<Session> {
if (apiKey === undefined || secret == null) throw new Error("API key missing");
const { access_token, refresh_token } = await response.json();
headers["x-api-key"] = config.apiKey;
headers: { authorization: ´Bearer §{token}´, cookie: request.headers.get("cookie") ?? "" },
headers: { Authorization: "Bearer " + token }
fetch(url, { headers: { authorization: auth, "x-api-key": key } })
password = models.CharField(max_length=128)
self.password = password
    password: str = Field(min_length=8)
secret_key = os.environ["SECRET_KEY"]
API_KEY=$(cat /run/secrets/api_key)
export GITHUB_TOKEN=$GITHUB_TOKEN
  password: §{{ secrets.NPM_TOKEN }}
  token: <your token>
const maxTokens = 4096, inputTokens: number = usage.input_tokens;
private readonly tokens: Token[] = [];
token = self.tokens[self.position]
while (token.type !== "eof") token = lexer.next();
case "password": return <input type="password" name="password" autocomplete="current-password" />;
type={isSecret ? "password" : "text"}
pub struct Credentials { pub token: String, pub secret: Option<String> }
func (c *Client) SetToken(token string) { c.token = token }
token, err := jwt.Parse(raw, keyFunc)
CREATE TABLE users (id bigint, email text, password_hash bytea NOT NULL);
SELECT password FROM users WHERE email = $1 AND token = $2;
git clone git@github.com:org/repo.git
"repository": "git+ssh://git@github.com/org/repo.git",
url = f"https://{user}:{password}@{host}/{path}"
const url = ´postgres://§{user}:§{password}@§{host}:5432/db´;
npm_config_registry=https://registry.npmjs.org npm_lifecycle_event
from huggingface_hub import hf_hub_download
docker run -u 1000:1000 --env-file .env image:1.2.3
.option("--token <token>", "the access token")
<a href="/search?key={{key}}&token={{token}}">
<a href="topic?key=%s">%s</a>
import { Key } from "@scope/key@1.2.3"; // react@18.2.0
.sk-circle .sk-child { animation: sk-circleFadeDelay 1.2s infinite }
d10e0459a6b2c8f3d10e0459a6b2c8f3d10e0459
const ID = "019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071", at = 1796082072305;
2026-11-30T23:59:59.123Z 10.0.0.1 version 1.2.3.4
+1234567890, +12 lines, -3 lines, @@ -12,7 +12,9 @@ function a() {
[1111222233334444, 3.14159265358979, 0.1234567890123456]
integrity sha512-Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4==
data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ
Invalid bearer token; Basic authentication is not supported; the password is required
// Author: the maintainers <noreply@github.com>, user@example.com
Cookie: §{name}=§{value}
--- PASS: TestFoo1 (0.00s) {"pass": 1234, "fail": 5}
First pass: cleanup of step1
pass: boolean, pass = await run(step1), { pass: true }, "pass": "All tests"
masterKey: CryptoKey, clientKey = clients[0].key, cache_key = "user-12345"
"password": "Enter your password", "forgotPassword": "Forgot your password?"
"passwordHint": "at least 8 characters", password = "This field is required"
"auth": "bearerToken1", "auth": "OAuth2.0", basic_auth = enabled
"tokens": 12345678, "max_tokens": 64000, "password": null, "password": true
mysql -u root -p app < dump.sql; mysql -P 3306; mkdir -p src/a1; docker run -p 8080:80 a
client-certificate-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUM5ekND
define('DB_NAME', 'wordpress1');
"diff":"@@ -1 +1 @@\n+1234567890\n+12 lines\ngit@github.com:a/b\nnoreply@github.com"
tel = "555-0132"; zip = "94107-1234"; date = 30-11-2026
`;

test("leaves ordinary lines of code alone", () => {
  const lines = CODE.trim().replaceAll("´", "`").replaceAll("§", "$").split("\n");
  expect(lines.map(mask)).toEqual(lines);
});

test("finds next to nothing in the sources of this project", () => {
  const root = join(import.meta.dirname, "../../..");
  const files = globSync("{workers,dashboard/src,durable-objects,drizzle,scripts}/**/*.{ts,tsx}", {
    cwd: root,
    exclude: ["**/node_modules"],
  });
  const changed = files
    .filter((file) => !/\.test\.|local\/|masking\//.test(file))
    .flatMap((file) => {
      const text = readFileSync(join(root, file), "utf8");
      const lines = text.split("\n");
      return mask(text) === text ? [] : lines.filter((line) => mask(line) !== line);
    });
  // Examples of keys, webhooks and connection strings, which look like real ones.
  const isExample = /sk-ant-|cnp_live_|hooks\.slack|postgresql:\/\/|Bearer |@/;
  expect(changed.filter((line) => !isExample.test(line))).toEqual([]);
  expect(changed.length).toBeLessThan(20);
});
