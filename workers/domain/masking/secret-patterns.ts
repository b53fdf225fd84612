/**
 * The patterns of secrets in texts, for log, archive and analysis alike. Each is linear: what it looks at is consumed, and what stands
 * around it is bounded. Source of the prefixes: the token formats that GitHub's and GitLab's secret scanners publish.
 */

/** The groups of a match: what stays visible before the secret, and what follows. */
type Mask = (match: string, begin: string, rest: string | undefined) => string;
export type SecretPattern = readonly [RegExp, string | Mask];

const HEX = "[\\da-fA-F]";
/**
 * What ends with a letter or digit and is no part of the word after it, so that `\b` does not hold there: escapes of JSON, shells and
 * URLs (`\n`, `\u000a`, `\x0a`, `\012`, `%0A`), and a terminal's sequence without its first character (`[32m`).
 */
const ESCAPE = `\\\\(?:[abefnrtv0]|u${HEX}{4}|x${HEX}{2}|[0-7]{3})|%${HEX}{2}|\\[[\\d;?]{0,20}[A-Za-z]`;
/** A place without any of these characters before it, or after an escape. */
export const notAfter = (characters: string) => `(?:(?<![${characters}])|(?<=${ESCAPE}))`;
/** `\b` before a word, also after an escape. */
const START = notAfter("\\w");
/** A blank or its escape. */
const BLANK = "(?:\\s|\\\\[nrt])";

/** Words that follow "bearer" in prose and headers ("Invalid bearer token", `Bearer realm=`) and are not a secret. */
const PROSE =
  "(?:tokens?|auth(?:entication|orization)?|schemes?|headers?|keys?|credentials?|realm|is|was|are|and|or|in|not|must|for|of)";

/** Prefixes after which anything is a secret; also glued to what stands before them. */
const CERTAIN = "sk-ant-|cnp_(?:live|test)_|github_pat_";
/** Prefixes of keys, before 16 or more letters, digits, hyphens and underscores of which one is a digit. */
const PREFIXES =
  "sk-(?!ant-)|npg_|AIza|gh[pousr]_|gl(?:pat|dt|rt|soat|cbt|ptt)-|xox[abeoprs]-|xapp-|dop_v1_|do[or]_v1_|shp(?:at|ss|ca|pa)_|" +
  "lin_api_|figd_|gl(?:c|sa)_|NRAK-|sbp_|pscale_(?:pw|tkn|oauth)_|PMAK-|ATATT3|hvs\\.|(?:sk|rk)_(?:live|test)_|whsec_|" +
  "sq0(?:atp|csp)-|ya29\\.|GOCSPX-|AGE-SECRET-KEY-1|SG\\.|pypi-|dckr_pat_|sntry[su]_|tfp_|nfp_|lin_oauth_|nvapi-|pcsk_|tskey-|" +
  "dp\\.(?:pt|st|ct)\\.|sgp_|pul-|hvb\\.|rubygems_|CFPAT-|ATBB|ATCTT3";
/** Prefixes that names in code begin with too, before 16 or more letters and digits. */
const PREFIXES_OF_NAMES = "npm_|hf_|gsk_|r8_|ntn_|secret_|dapi|xai-|tvly-|key-|SK|rpa_|phx_";

/** Names of secrets as the last part of a name: `password`, `DB_PASSWORD`, `clientSecret`, `aws_secret_access_key`. */
const STRONG_NAME =
  "pass(?:word|wd|phrase|code)|pwd|secret(?:[_-]?key[_-]?base)?|(?:api|access|account|auth|private|secret|signing|encryption|service)[_-]?key";
const WEAK_NAME = "token|credential|jwt";
/** `DB_PASS`, `smtpPass` and `pass`. What stands before it is read last, which is fast. */
const PASS_NAME = `pass(?<=(?:${notAfter("a-z")}|db|smtp|imap|mail|ftp|redis|mysql|pg|admin|root|user)pass)`;
/** Keys that may also be keys of a map or ids. */
const KEY_NAME =
  "key(?:[_-]?data)?(?<=(?:master|app|application|client|consumer|licen[cs]e|hmac|aes|fernet|cipher|crypto|session|cookie|jwt|webhook|deploy|" +
  "ssh|shared|root|admin|storage|stripe|openai|anthropic|twilio|google|firebase|github|azure|aws|cloudflare|datadog)[_-]?key(?:[_-]?data)?)";
const WEAK = new RegExp(`^(?:${WEAK_NAME}|pass)$`, "i");
const KEY = /^key/i;
const CODE_WORD =
  /^(?:string|str|number|boolean|bool|bytes|buffer|any|unknown|object|null|undefined|none|true|false|text|required|optional|self|this)$/i;

const hasDigit = (text: string) => /\d/.test(text);
const isMixed = (text: string, least: number) =>
  text.length >= least && hasDigit(text) && /[A-Za-z]/.test(text);
/** Hexadecimal, or letters of both cases and digits. */
const isKeyMaterial = (text: string) =>
  /^(?:base64:)?(?:[\da-f]{32,}|(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])(?=\D*\d)[\w+/=-]{20,})$/.test(text);

/** Whether a password, or all of a URL's userinfo, is a variable of a template. */
const isTemplate = (userinfo: string) => /(?:^|:)(?:\$?\{|\$)[^{}@]{1,80}\}?$/.test(userinfo);

/** Whether a text that is written as a literal is a secret. `isQuoted`: so is its name, as in JSON. */
function isSecretLiteral(name: string, value: string, isQuoted: boolean): boolean {
  // Templates and placeholders.
  if (/^[$<%{]|\$\{|\{\{/.test(value)) return false;
  if (KEY.test(name)) return isKeyMaterial(value);
  if (isMixed(value, 8)) return true;
  if (WEAK.test(name)) return isQuoted && value.length >= 12;
  return hasDigit(value) || isQuoted || (!value.includes("/") && !/pass|secret|key|^[A-Z_]+$/i.test(value));
}

/** A text without quotes after a name, with the character before the name and the one after the text. */
interface Word {
  before: string;
  name: string;
  operator: string;
  value: string;
  end: string;
}

/** Whether a text without quotes after a name is a secret; most are names and types of code. */
function isSecretWord({ before, name, operator, value, end }: Word): boolean {
  if (CODE_WORD.test(value) || /^[(.[{<|]/.test(end)) return false;
  if (KEY.test(name)) return isKeyMaterial(value);
  if (/^pass$/i.test(name)) {
    // Also a word of prose and of test reports: "first pass: …", "PASS: TestA1".
    const isAlone = !/[\w-]/.test(before);
    if (isMixed(value, isAlone ? 8 : 6)) return !isAlone || operator === "=" || name === "pass";
    const isEnvironment = operator === "=" && before === "_" && name === "PASS";
    if (!isEnvironment) return false;
  }
  // A type.
  if (operator === ": " && /^[;)]/.test(end) && /^[A-Z_]\w*$/i.test(value)) return false;
  if (value.length >= 6 && hasDigit(value)) return true;
  // Words without digits: an env file, a connection string or YAML, and no call or list of code.
  if (/pass|secret|token|key|cred/i.test(value) || !/^[\w!@#%^*+=?~/-]+$/.test(value) || value.length < 4)
    return false;
  if (operator === "=") return /^(?:[\s;&"'\\]|$)/.test(end);
  return operator === ": " && /^(?:[\r\n\\]|$)/.test(end);
}

/** Words without digits that a person chose, and no sentence of a form or a translation. */
const isPassphrase = (text: string) =>
  /^[\w'-]+(?: [\w'-]+)+$/.test(text) &&
  !/pass|secret|\b(?:an?|and|are|as|at|be|by|can(?:not)?|confirm|current|do|does|enter|field|for|forgot|from|has|have|hide|if|in|invalid|is|it|least|missing|must|new|no|not|of|old|on|or|our|please|required|reset|show|string|the|this|to|too|type|used?|user|value|was|will|with|wrong|your)\b/i.test(
    text,
  );

/** Whether Base64 holds `user:password`, as npm and Docker store it. */
function isBasicCredential(base64: string): boolean {
  try {
    return /^[!-9;-~]{1,200}:[ -~]+$/.test(atob(base64));
  } catch {
    return false;
  }
}

const NAMES = `${STRONG_NAME}|${WEAK_NAME}|${KEY_NAME}|${PASS_NAME}`;

/** Commands and their option for a password. */
const COMMANDS = [
  ["sshpass|mongo(?:sh|dump|restore)?|(?:docker|podman|helm registry) login", "-p[ =]?"],
  ["(?:mysql|mariadb)(?:dump|admin|import|check)?", "-p"],
  ["redis-cli", "(?:-a|--pass) "],
] as const;

export const SECRET_PATTERNS: readonly SecretPattern[] = [
  // Userinfo of a URL, with or without a password: postgres://user:password@host, https://me@example.com:secret@host
  // JSON may escape its slashes.
  [
    /(?<=[a-z0-9+.-]:\\{0,4}\/\\{0,4}\/)([^\s/?#"'<>]+)@/gi,
    (match, userinfo) => (userinfo === "git" || isTemplate(userinfo) ? match : "***@"),
  ],
  // In connection strings people write passwords with slashes and question marks too. Such an address may hold others, so a pattern up
  // to the last "@" would look for it from each of them.
  [
    new RegExp(
      `((?:postgres(?:ql)?|mysql|mariadb|rediss?|mongodb(?:\\+srv)?|amqps?):\\\\{0,4}/\\\\{0,4}/)([^\\s"'<>]+)`,
      "gi",
    ),
    (match, begin, rest = "") =>
      rest.includes("@") && !isTemplate(rest.slice(0, rest.lastIndexOf("@")))
        ? `${begin}***${rest.slice(rest.lastIndexOf("@"))}`
        : match,
  ],
  // Query parameters and form fields that carry a secret or name a person.
  [
    /((?:[?&]|\\u0026)(?:[\w-]{0,40}(?:key|token|secret|password|passwd|signature|credential|assertion)|pwd|pass|sig|auth|code|e-?mail|user(?:name)?)=)(?![$<{]|%[sd]\b)[^\s&;#"'<>`]+/gi,
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
    new RegExp(`(${PREFIXES})(?<=${START}(?:${PREFIXES}))([\\w.-]{16,})`, "g"),
    (match, begin, rest = "") => (hasDigit(rest) ? `${begin}***` : match),
  ],
  [
    new RegExp(
      `(${PREFIXES_OF_NAMES})(?<=${START}(?:${PREFIXES_OF_NAMES}))([A-Za-z0-9]{16,})(?![\\w-])`,
      "g",
    ),
    (match, begin, rest = "") => (hasDigit(rest) && /[A-Za-z]/.test(rest) ? `${begin}***` : match),
  ],
  // Ids of AWS keys; tokens of Telegram and Discord bots.
  [new RegExp(`${START}(AKIA|ASIA|ABIA)[A-Z0-9]{16}\\b`, "g"), "$1***"],
  [new RegExp(`${START}(\\d{8,10}:AA)[\\w-]{33}\\b`, "g"), "$1***"],
  [new RegExp(`${START}([MNO])[\\w-]{23,25}\\.[\\w-]{6}\\.[\\w-]{27,45}(?![\\w-])`, "g"), "$1***"],
  // JSON web tokens, of three parts. Fewer parts are matched too, so that they are read once.
  [
    new RegExp(`${START}(eyJ[\\w-]{8,})(?:\\.[\\w-]+(\\.[\\w-]*)?)?`, "g"),
    (match, _begin, third) => (third === undefined ? match : "***"),
  ],
  // A key in PEM as Base64, as in a kubeconfig; certificates and public keys are none.
  [/(LS0tLS1CRUdJTi)(?!BDRVJU|BQVUJM)[\w+/=-]{8,}/g, "$1***"],
  [new RegExp(`${START}(bearer\\s+)(?!${PROSE}(?![\\w-])|[^\\w.~/-])[^\\s,;"'<>\`\\\\]+`, "gi"), "$1***"],
  // Base64 has a digit or a capital within; "Basic authentication" has not.
  [
    new RegExp(`${START}(Basic\\s+)(?!realm=)([A-Za-z0-9+/]{4,}={0,2})`, "g"),
    (match, begin, rest = "") => (/\d|[+/=]|[a-z][A-Z]/.test(rest) ? `${begin}***` : match),
  ],
  // Our headers and the vendor's quoted as text. A quoted name before a word without digits is code.
  [
    /((?:x-api-key|x-nexus-key|x-dashboard-key|x-goog-api-key)\\*["']?\s*[:=]\s*\\*["']?)((?!\*\*\*)[^\s"',;\\${}()[\]]{4,})/gi,
    (match, begin, rest = "") =>
      /["']\s*[:=]\s*$/.test(begin) && /^[A-Za-z_.]+$/.test(rest) ? match : `${begin}***`,
  ],
  // Cookies, and schemes of authorization, to the end of their line.
  [
    /(cookie(?:\\*["']\s*:\s*\\*["']?|\s*:\s*["']))([^\r\n"'\\]+)/gi,
    (match, begin, rest = "") => (rest.includes("=") && !rest.startsWith("$") ? `${begin}***` : match),
  ],
  [
    /(cookie\s*:\s*)([^\s"'\\](?:[^\r\n\\]|\\(?![nr]))*)/gi,
    (match, begin, rest = "") => (/^[\w.-]+=(?!=)/.test(rest) ? `${begin}***` : match),
  ],
  [
    /(authorization\\*["']?\s*[:=](?!=)\s*\\*["']?)(?!bearer\b|basic\b)([^\s"'\\][^\r\n"'\\]*)/gi,
    (match, begin, rest = "") =>
      /[({$`?]|=>/.test(rest) || /^[\w.!| ]*[;,)\]} ]*$/.test(rest.replace(/\b(?=\w*\d)\w{8,}/g, "\u0001"))
        ? match
        : `${begin}***`,
  ],
  // Literals after a name of a secret, in code, JSON (also JSON in a string) and configuration.
  [
    new RegExp(
      `(${NAMES})(\\\\*["']?\\s*(?:=>|[:=](?!=)|(?<=define\\(\\s?\\\\*["']\\w{1,40}\\\\*["']\\s?),)\\s*\\\\*)(["'\`])([^\\s"'\`\\\\]{4,500})(?=\\\\*\\3)`,
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
      `(${NAMES})(=>? ?|: ?| = )((?!\\*\\*\\*)(?:base64:)?[^\\s"'\`,;(){}[\\]<>$|&\\\\:\\u001b]{4,500})(?=([^]?))`,
      "gi",
    ),
    (...groups) => {
      const [match, name, operator, value, end, offset, text] = groups as unknown as [
        string,
        string,
        string,
        string,
        string,
        number,
        string,
      ];
      const word = { before: text.charAt(offset - 1), name, operator, value, end };
      return isSecretWord(word) ? `${name}${operator}***` : match;
    },
  ],
  // Passwords of several words, and of digits in JSON.
  [
    /((?:pass(?:word|wd|phrase|code)|pwd)\\*["']?\s{0,4}[:=]\s{0,4}\\*(["'`]))((?!\*\*\*)[^"'`\\\r\n]{6,200})(?=\\*\2)/gi,
    (...groups) => {
      const [match, begin, , value] = groups as unknown as [string, string, string, string];
      return isPassphrase(value) ? `${begin}***` : match;
    },
  ],
  [
    /((?:pass(?:word|wd|phrase|code)|pwd|secret)(\\*["'])\s{0,4}:\s{0,4})\d{4,20}(?=\s{0,4}(?:[,}\]\\\r\n]|$))/gi,
    "$1$2***$2",
  ],
  // `user:password` in Base64, of npm and Docker.
  [
    /((?:_auth\s{0,4}=\s{0,4}\\*["']?|\bauth\\*["']\s{0,4}:\s{0,4}\\*["']))([A-Za-z0-9+/]{6,400}={0,2})(?![\w+/])/g,
    (match, begin, rest = "") => (isBasicCredential(rest) ? `${begin}***` : match),
  ],
  // Commands whose option for a password is short, options of other commands, and .netrc.
  ...COMMANDS.map(([command, option]): SecretPattern => [
    new RegExp(
      `((?:${command})\\s(?:[^\\r\\n|;&]{0,200}?\\s)?${option}["']?)(?!\\*\\*\\*)[\\w!@#%^*+=?~./-]{4,200}`,
      "g",
    ),
    "$1***",
  ]),
  [
    new RegExp(
      `(${BLANK}--?[\\w-]{0,30}(?:password|token|secret|api-?key|passphrase)[ =]+["']?)([^\\s"'$<{[(]{4,500})`,
      "gi",
    ),
    (match, begin, rest = "") => (hasDigit(rest) ? `${begin}***` : match),
  ],
  [
    new RegExp(`(${BLANK}(?:-u|--user) ["']?)([^\\s:"'$]{1,100}:[^\\s"'$]{1,200})`, "g"),
    (match, begin, rest = "") => (/^\d+:\d+$/.test(rest) ? match : `${begin}***`),
  ],
  [new RegExp(`(${START}login \\S{1,100} password )\\S{1,200}`, "g"), "$1***"],
];

/** Every pattern requires one of these; checked first because headers are masked on the hot path and most contain none. */
export const SECRET_HINT = new RegExp(
  `[:=]|${CERTAIN}|${PREFIXES}|${PREFIXES_OF_NAMES}|AKIA|ASIA|ABIA|eyJ|LS0t|bearer|basic|slack|discord|password|[MNO][\\w-]{23}|--|define\\(|sshpass|mongo|login|mysql|mariadb|redis-cli`,
  "i",
);
