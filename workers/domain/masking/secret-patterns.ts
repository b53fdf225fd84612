/**
 * The patterns of secrets in texts, for log, archive and analysis alike. Each is linear: what it looks at is consumed, and what stands
 * around it is bounded. Source of the prefixes: the token formats that GitHub's and GitLab's secret scanners publish.
 */

/** The groups of a match: what stays visible before the secret, and what follows. */
type Mask = (match: string, begin: string, rest: string | undefined) => string;
export type SecretPattern = readonly [RegExp, string | Mask];

/** Words that follow "bearer" in prose and headers ("Invalid bearer token", `Bearer realm=`) and are not a secret. */
const PROSE =
  "(?:tokens?|auth(?:entication|orization)?|schemes?|headers?|keys?|credentials?|realm|is|was|are|and|or|in|not|must|for|of)";

/** Prefixes after which anything is a secret; also glued to what stands before them. */
const CERTAIN = "sk-ant-|cnp_(?:live|test)_|github_pat_";
/** Prefixes of keys, before 16 or more letters, digits, hyphens and underscores of which one is a digit. */
const PREFIXES =
  "sk-(?!ant-)|npg_|AIza|gh[pousr]_|gl(?:pat|dt|rt|soat|cbt|ptt)-|xox[abeoprs]-|xapp-|dop_v1_|do[or]_v1_|shp(?:at|ss|ca|pa)_|" +
  "lin_api_|figd_|gl(?:c|sa)_|NRAK-|sbp_|pscale_(?:pw|tkn|oauth)_|PMAK-|ATATT3|hvs\\.|(?:sk|rk)_(?:live|test)_|whsec_|" +
  "sq0(?:atp|csp)-|ya29\\.|GOCSPX-|AGE-SECRET-KEY-1|SG\\.|pypi-|dckr_pat_|sntry[su]_|tfp_|nfp_";
/** Prefixes that names in code begin with too, before 16 or more letters and digits. */
const PREFIXES_OF_NAMES = "npm_|hf_|gsk_|r8_|ntn_|secret_|dapi|xai-|tvly-|key-|SK|rpa_|phx_";

/** Names of secrets as the last part of a name: `password`, `DB_PASSWORD`, `clientSecret`, `aws_secret_access_key`. */
const STRONG_NAME =
  "pass(?:word|wd|phrase)|pwd|secret|(?:api|access|account|auth|private|secret|signing|encryption|service)[_-]?key";
const WEAK_NAME = "token|credential|jwt";
const CODE_WORD =
  /^(?:string|str|number|boolean|bool|bytes|buffer|any|unknown|object|null|undefined|none|true|false|text|required|optional|self|this)$/i;

const hasDigit = (text: string) => /\d/.test(text);

/** Whether a password, or all of a URL's userinfo, is a variable of a template. */
const isTemplate = (userinfo: string) => /(?:^|:)(?:\$?\{|\$)[^{}@]{1,80}\}?$/.test(userinfo);

/** Whether a text that is written as a literal is a secret. `isQuoted`: so is its name, as in JSON. */
function isSecretLiteral(name: string, value: string, isQuoted: boolean): boolean {
  // Templates and placeholders.
  if (/^[$<%{]|\$\{|\{\{/.test(value)) return false;
  if (value.length >= 8 && hasDigit(value) && /[A-Za-z]/.test(value)) return true;
  if (new RegExp(WEAK_NAME, "i").test(name)) return isQuoted && value.length >= 12;
  return hasDigit(value) || isQuoted || (!value.includes("/") && !/pass|secret|key|^[A-Z_]+$/i.test(value));
}

/** Whether a text without quotes after a name is a secret; most are names and types of code. `end`: what follows the text. */
function isSecretWord(operator: string, value: string, end: string): boolean {
  if (CODE_WORD.test(value) || /^[(.[{<|]/.test(end)) return false;
  // A type.
  if (operator === ": " && /^[;)]/.test(end) && /^[A-Z_]\w*$/i.test(value)) return false;
  if (value.length >= 6 && hasDigit(value)) return true;
  // Words without digits: an env file, a connection string or YAML, and no call or list of code.
  if (/pass|secret|token|key|cred/i.test(value) || !/^[\w!@#%^*+=?~/-]+$/.test(value) || value.length < 4)
    return false;
  if (operator === "=") return /^(?:[\s;&"'\\]|$)/.test(end);
  return operator === ": " && /^(?:[\r\n\\]|$)/.test(end);
}

const NAMES = `${STRONG_NAME}|${WEAK_NAME}`;

export const SECRET_PATTERNS: readonly SecretPattern[] = [
  // Userinfo of a URL, with or without a password: postgres://user:password@host, https://me@example.com:secret@host
  [
    /(?<=\b[a-z][a-z0-9+.-]{0,30}:\/\/)([^\s/?#"'<>]+)@/gi,
    (match, userinfo) => (userinfo === "git" || isTemplate(userinfo) ? match : "***@"),
  ],
  // In connection strings people write passwords with slashes and question marks too. Such an address may hold others, so a pattern up
  // to the last "@" would look for it from each of them.
  [
    /\b((?:postgres(?:ql)?|mysql|rediss?|mongodb(?:\+srv)?|amqps?):\/\/)([^\s"'<>]+)/gi,
    (match, begin, rest = "") =>
      rest.includes("@") && !isTemplate(rest.slice(0, rest.lastIndexOf("@")))
        ? `${begin}***${rest.slice(rest.lastIndexOf("@"))}`
        : match,
  ],
  // Query parameters and form fields that carry a secret or name a person.
  [
    /([?&](?:[\w-]{0,40}(?:key|token|secret|password|passwd|signature|credential|assertion)|pwd|pass|sig|auth|code|e-?mail|user(?:name)?)=)(?![$<{]|%[sd]\b)[^\s&;#"'<>`]+/gi,
    "$1***",
  ],
  [
    /(;(?:[\w-]{0,40}(?:_?key|token|secret|password|passwd|signature)|pwd|sig)=)(?![$<{]|%[sd]\b)[^\s&;#"'<>`]+/gi,
    "$1***",
  ],
  // Slack webhooks are capabilities, and so are Discord's.
  [/(hooks\.slack\.com\/)[^\s"'<>]+/gi, "$1***"],
  [/(discord(?:app)?\.com\/api\/webhooks\/)[^\s"'<>]+/gi, "$1***"],
  [new RegExp(`(${CERTAIN})[\\w-]+`, "g"), "$1***"],
  [
    new RegExp(`\\b(${PREFIXES})([\\w.-]{16,})`, "g"),
    (match, begin, rest = "") => (hasDigit(rest) ? `${begin}***` : match),
  ],
  [
    new RegExp(`\\b(${PREFIXES_OF_NAMES})([A-Za-z0-9]{16,})(?![\\w-])`, "g"),
    (match, begin, rest = "") => (hasDigit(rest) && /[A-Za-z]/.test(rest) ? `${begin}***` : match),
  ],
  // Ids of AWS keys; tokens of Telegram and Discord bots.
  [/\b(AKIA|ASIA|ABIA)[A-Z0-9]{16}\b/g, "$1***"],
  [/\b(\d{8,10}:AA)[\w-]{33}\b/g, "$1***"],
  [/\b([MNO])[\w-]{23,25}\.[\w-]{6}\.[\w-]{27,45}(?![\w-])/g, "$1***"],
  // JSON web tokens, of three parts. Fewer parts are matched too, so that they are read once.
  [
    /\b(eyJ[\w-]{8,})(?:\.[\w-]+(\.[\w-]*)?)?/g,
    (match, _begin, third) => (third === undefined ? match : "***"),
  ],
  [new RegExp(`\\b(bearer\\s+)(?!${PROSE}(?![\\w-])|[^\\w.~/-])[^\\s,;"'<>\`\\\\]+`, "gi"), "$1***"],
  // Base64 has a digit or a capital within; "Basic authentication" has not.
  [
    /\b(Basic\s+)(?!realm=)([A-Za-z0-9+/]{4,}={0,2})/g,
    (match, begin, rest = "") => (/\d|[+/=]|[a-z][A-Z]/.test(rest) ? `${begin}***` : match),
  ],
  // Our headers and the vendor's quoted as text. A quoted name before a word without digits is code.
  [
    /\b((?:x-api-key|x-nexus-key|x-dashboard-key|x-goog-api-key)\\*["']?\s*[:=]\s*\\*["']?)((?!\*\*\*)[^\s"',;\\${}()[\]]{4,})/gi,
    (match, begin, rest = "") =>
      /["']\s*[:=]\s*$/.test(begin) && /^[A-Za-z_.]+$/.test(rest) ? match : `${begin}***`,
  ],
  // Cookies, and schemes of authorization, to the end of their line.
  [
    /\b(cookie(?:\\*["']\s*:\s*\\*["']?|\s*:\s*["']))([^\r\n"'\\]+)/gi,
    (match, begin, rest = "") => (rest.includes("=") && !rest.startsWith("$") ? `${begin}***` : match),
  ],
  [
    /\b(cookie\s*:\s*)([^\s"'\\][^\r\n]*)/gi,
    (match, begin, rest = "") => (/^[\w.-]+=(?!=)/.test(rest) ? `${begin}***` : match),
  ],
  [
    /\b(authorization\\*["']?\s*[:=](?!=)\s*\\*["']?)(?!bearer\b|basic\b)([^\s"'\\][^\r\n"'\\]*)/gi,
    (match, begin, rest = "") =>
      /[({$`?]|=>/.test(rest) || /^[\w.!| ]*[;,)\]} ]*$/.test(rest.replace(/\b(?=\w*\d)\w{8,}/g, "\u0001"))
        ? match
        : `${begin}***`,
  ],
  // Literals after a name of a secret, in code, JSON (also JSON in a string) and configuration.
  [
    new RegExp(
      `(${NAMES})(\\\\*["']?\\s*(?:=>|[:=](?!=))\\s*\\\\*)(["'\`])([^\\s"'\`\\\\]{4,500})(?=\\\\*\\3)`,
      "gi",
    ),
    (...groups) => {
      const [match, name, , quote, value] = groups as unknown as [string, string, string, string, string];
      // Not `? "password" : "text"`.
      const between = match.slice(name.length, match.length - value.length - quote.length);
      const isQuoted = /^\\*["'](?! :)/.test(between);
      return isSecretLiteral(name, value, isQuoted) ? `${match.slice(0, -value.length)}***` : match;
    },
  ],
  [
    new RegExp(
      `(${NAMES})(=>? ?|: ?| = )((?!\\*\\*\\*)[^\\s"'\`,;(){}[\\]<>$|&\\\\:]{4,500})(?=([^]?))`,
      "gi",
    ),
    (...groups) => {
      const [match, name, operator, value, end] = groups as unknown as [
        string,
        string,
        string,
        string,
        string,
      ];
      return isSecretWord(operator, value, end) ? `${name}${operator}***` : match;
    },
  ],
  // Options of commands, and .netrc.
  [
    /(\s--?[\w-]{0,30}(?:password|token|secret|api-?key|passphrase)[ =]+["']?)([^\s"'$<{[(]{4,500})/gi,
    (match, begin, rest = "") => (hasDigit(rest) ? `${begin}***` : match),
  ],
  [
    /(\s(?:-u|--user) ["']?)([^\s:"'$]{1,100}:[^\s"'$]{1,200})/g,
    (match, begin, rest = "") => (/^\d+:\d+$/.test(rest) ? match : `${begin}***`),
  ],
  [/(\blogin \S{1,100} password )\S{1,200}/g, "$1***"],
];

/** Every pattern requires one of these; checked first because headers are masked on the hot path and most contain none. */
export const SECRET_HINT = new RegExp(
  `[:=]|${CERTAIN}|${PREFIXES}|${PREFIXES_OF_NAMES}|AKIA|ASIA|ABIA|eyJ|bearer|basic|slack|discord|password|[MNO][\\w-]{23}|--`,
  "i",
);
