/**
 * Masks secrets in texts for log lines, stored headers and stored error messages. Not used for bodies, which are content. The
 * prefix of a key is kept, so that its kind is visible.
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

/** The text with its secrets masked. Linear in its length; idempotent. */
export function redact(text: string): string {
  if (!HINT.test(text)) return text;
  let masked = text;
  for (const [pattern, mask] of RULES)
    masked = typeof mask === "string" ? masked.replace(pattern, mask) : masked.replace(pattern, mask);
  return masked;
}
