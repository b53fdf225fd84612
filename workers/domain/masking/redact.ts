/**
 * Masks secrets in texts for log lines, stored headers, queries and error messages, and knows the names of fields that hold
 * secrets (content/mask-secrets.ts masks bodies by them). The prefix of a key is kept, so that its kind is visible.
 */

/** Words that follow "bearer" in prose and headers ("Invalid bearer token", `Bearer realm=`) and are not a secret. */
const PROSE =
  "(?:tokens?|auth(?:entication|orization)?|schemes?|headers?|keys?|credentials?|realm|is|was|are|and|or|in|not|must|for|of)";

type Mask = (match: string, begin: string, rest: string | undefined) => string;

const RULES: readonly (readonly [RegExp, string | Mask])[] = [
  // Userinfo of a URL, with or without a password: postgres://user:password@host, https://me@example.com:secret@host
  [/(?<=\b[a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/?#"'<>]+@/gi, "***@"],
  // In connection strings people write passwords with slashes and question marks too. Such an address may hold others, so a pattern up
  // to the last "@" would look for it from each of them.
  [
    /\b((?:postgres(?:ql)?|mysql|rediss?|mongodb(?:\+srv)?|amqps?):\/\/)([^\s"'<>]+)/gi,
    (match, begin, rest = "") =>
      rest.includes("@") ? `${begin}***${rest.slice(rest.lastIndexOf("@"))}` : match,
  ],
  // Query parameters and form fields that carry a secret or name a person.
  [
    /([?&;](?:[\w-]{0,40}(?:key|token|secret|password|passwd|signature|credential|assertion)|pwd|pass|sig|auth|code|e-?mail|user(?:name)?)=)[^\s&;#"'<>]+/gi,
    "$1***",
  ],
  // Slack webhooks are capabilities.
  [/(hooks\.slack\.com\/)[^\s"'<>]+/gi, "$1***"],
  // Ours and the vendor's, also glued to what stands before them; then those whose beginning is less telling.
  [/(sk-ant-|cnp_(?:live|test)_|github_pat_)[\w-]+/g, "$1***"],
  [/\b(sk-(?!ant-)|npg_|AIza|gh[pousr]_|xox[abeoprs]-)[\w-]{4,}/g, "$1***"],
  // JSON web tokens, of three parts. Fewer parts are matched too, so that they are read once.
  [
    /\b(eyJ[\w-]{8,})(?:\.[\w-]+(\.[\w-]*)?)?/g,
    (match, _begin, third) => (third === undefined ? match : "***"),
  ],
  [new RegExp(`\\b(bearer\\s+)(?!${PROSE}(?![\\w-]))[^\\s,;"'<>\`]+`, "gi"), "$1***"],
  // Base64 has a digit or a capital; "Basic authentication" has not.
  [/\b(Basic\s+)(?=[a-z]*[0-9A-Z+/=])[A-Za-z0-9+/]{4,}={0,2}/g, "$1***"],
  // Headers quoted as text: `x-api-key: value`, `"api_key":"value"`; cookies and other schemes to the end of their line.
  [
    /\b((?:x-api-key|x-nexus-key|x-dashboard-key|api[_-]?key|client_secret|access_token|refresh_token|password)["']?\s*[:=]\s*["']?)(?!\*\*\*)[^\s"',;]{4,}/gi,
    "$1***",
  ],
  [/\b(cookie["']?\s*:\s*["']?)[^\r\n"']+/gi, "$1***"],
  [/\b(authorization["']?\s*[:=]\s*["']?)(?!bearer\b|basic\b)[^\s"'][^\r\n"']*/gi, "$1***"],
];

/** Every rule requires one of these; checked first because headers are masked on the hot path and most contain none. */
const HINT = /[:=]|sk-|cnp_|npg_|AIza|gh[pousr]_|github_pat_|xox|eyJ|bearer|basic|slack/i;

/** Names of members, parameters, fields and headers that hold a secret, in lower-case letters without signs and digits. */
const SECRET_NAME =
  /(?:token|secret|secrets|secretvalue|password|passwd|passphrase|pwd|apikeys?|(?:access|account|auth|encryption|private|secret|service|session|shared|signing|subscription)key(?:pem)?|credentials?|authorizations?|authheaders?|cookies?|assertion|jwt|bearer|(?:access|auth|authorization|bearer|refresh)tokens)$|^(?:auth|pass|pat|env|environmentvariables|(?:custom|default|extra|http|request)?headers)$/;
/** Names of query parameters besides these. */
const SECRET_PARAMETER = /(?:key|sig|signature|email)$|^(?:code|user|username)$/;
const MAX_NAME = 200;

/** Whether a member or field of this name holds a secret, or secrets. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(lettersOf(name));
}

const lettersOf = (name: string) =>
  name
    .slice(0, MAX_NAME)
    .toLowerCase()
    .replace(/[^a-z]/g, "");

/** A query (with or without its `?`) with secrets masked: by the names of parameters however they are encoded, and in values. */
export function redactQuery(query: string): string {
  return query.replace(/[^?&;]+/g, (parameter) => {
    const equals = parameter.indexOf("=");
    const name = parameter.slice(0, Math.max(0, equals));
    const value = decoded(parameter.slice(equals + 1));
    const letters = lettersOf(decoded(name));
    const isSecret = SECRET_NAME.test(letters) || SECRET_PARAMETER.test(letters);
    return (isSecret && equals > 0) || redact(value) !== value
      ? `${name}${equals < 0 ? "" : "="}***`
      : parameter;
  });
}

/** A form's fields with secrets masked, urlencoded or multipart; another text as it is. */
export function redactForm(text: string): string {
  if (text.startsWith("--"))
    return text.replace(
      /(\bname="([^"\r\n]{1,100})"[^\r\n]{0,200}\r?\n(?:[^\r\n]{1,200}\r?\n){0,5}\r?\n)([^\r\n]+)/g,
      (field, head: string, name: string) => (isSecretName(name) ? `${head}***` : field),
    );
  return /^[\w.%+[\]-]{1,200}=[^\s]*\s*$/.test(text) ? redactQuery(text) : text;
}

/** A URL with userinfo and the secrets of its query masked. */
export function redactUrl(url: string): string {
  const mark = url.indexOf("?");
  return mark < 0 ? redact(url) : redact(url.slice(0, mark)) + redactQuery(url.slice(mark));
}

/** Percent-decoded twice, as servers may do. */
function decoded(text: string): string {
  const once = (encoded: string) =>
    encoded.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return once(once(text.replaceAll("+", " ")));
}

/** The text with its secrets masked. Linear in its length; idempotent. */
export function redact(text: string): string {
  if (!HINT.test(text)) return text;
  let masked = text;
  for (const [pattern, mask] of RULES)
    masked = typeof mask === "string" ? masked.replace(pattern, mask) : masked.replace(pattern, mask);
  return masked;
}
