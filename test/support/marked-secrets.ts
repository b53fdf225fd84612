/** Secrets of more than forty kinds as people paste them into conversations. Invented, and put together here, so that no scanner takes them for a leak. */

const letters = (length: number) => "aB3dE6gH9jK2mN5pQ8sT1vW4xY7z".repeat(6).slice(0, length);
const hex = (length: number) => "0f1e2d3c4b5a69788796a5b4c3d2e1f0".repeat(4).slice(0, length);
const capitals = (length: number) => "Q7W2E9R4T1Y6U3I8O5P0".repeat(3).slice(0, length);

/** Kind, the part that must not be read, and the text that it stands in (`…`). */
type MarkedSecret = readonly [kind: string, secret: string, text: string];

const pem = `${letters(64)}\n${letters(64)}\n${letters(20)}=`;

export const MARKED_SECRETS: readonly MarkedSecret[] = [
  ["Anthropic key", letters(90), "my key is sk-ant-" + "api03-…"],
  ["Anthropic login", letters(80), "CLAUDE_CODE_OAUTH_TOKEN=sk-ant-" + "oat01-…"],
  ["client key of this proxy", letters(43), "use cnp_" + "live_… here"],
  ["OpenAI key", letters(48), "OPENAI: sk-" + "proj-…"],
  ["Gemini key", letters(33), "curl -H 'x-goog-api-key: AI" + "za…'"],
  ["AWS access key", capitals(16), "aws: AK" + "IA…"],
  ["AWS secret key", letters(40), "aws_secret_access_key = …"],
  ["GitHub token", letters(36), "git clone https://gh" + "p_…@github.com/a/b"],
  ["GitHub fine-grained token", letters(60), "github_" + "pat_…"],
  ["GitLab token", letters(20), "glpat" + "-…"],
  ["Slack bot token", `${"1".repeat(12)}-${letters(24)}`, "xox" + "b-…"],
  ["Slack webhook", letters(24), "https://hooks.slack." + "com/services/T00/B00/…"],
  ["Discord webhook", letters(60), "https://discord.com/api/" + "webhooks/123/…"],
  ["Stripe key", letters(24), "Stripe.api_key('sk_" + "live_…')"],
  ["Stripe webhook secret", letters(32), "whsec" + "_…"],
  ["SendGrid key", `${letters(22)}.${letters(43)}`, "SG" + ".…"],
  ["npm token", letters(36), "//registry.npmjs.org/:_authToken=npm" + "_…"],
  ["PyPI token", letters(80), "pypi" + "-…"],
  ["Hugging Face token", letters(34), "login(token='hf" + "_…')"],
  ["DigitalOcean token", hex(64), "dop_" + "v1_…"],
  ["Google OAuth token", letters(60), "ya29" + ".…"],
  ["Google client secret", letters(28), "GOCSPX" + "-…"],
  ["Telegram bot token", letters(33), "bot 1234567890" + ":AA…"],
  ["Shopify token", hex(32), "shpat" + "_…"],
  ["Databricks token", hex(32), "dapi" + "…"],
  ["age key", capitals(58), "AGE-SECRET" + "-KEY-1…"],
  ["JSON web token", letters(43), `ey${"J"}hbGciOiJIUzI1NiJ9.ey${"J"}zdWIiOiJ4In0.…`],
  ["bearer token", letters(30), "Authorization: Bearer …"],
  ["basic authentication", letters(24), "Authorization: Basic …"],
  ["session cookie", letters(40), "Cookie: sid=…; theme=dark"],
  ["database password", "pa/ss?w0rd", "postgres://ann:…@db.internal:5432/app"],
  ["password in a URL", "hunter2hunter2", "https://ann:…@files.internal/x"],
  ["password in an env file", "correcthorsebattery", "DB_PASSWORD=…\nDB_HOST=a"],
  ["password in JSON", "tr0ub4dor&3", '{"user":"ann","password":"…"}'],
  ["password in JSON in a string", "tr0ub4dor&4", '"{\\"password\\":\\"…\\"}"'],
  ["password in YAML", "correct-horse", "db:\n  password: …\n  host: a"],
  [
    "password in a connection string",
    "Str0ng;Pass".replace(";", ""),
    "Server=db;User Id=sa;Password=…;Encrypt=true",
  ],
  ["password of a command", "s3cr3t-pw", "curl -u ann:… https://a.internal"],
  ["key in a query", letters(20), "GET https://maps.internal/v1?lat=1&api_key=…"],
  ["password in a variable of an environment", "S3cr3tValue99", "DB_PASS=…"],
  ["password of a mail server", "correcthorsemail", "SMTP_PASS=…\nSMTP_HOST=a"],
  ["password in code", "Zx9Kq2Lm77", "auth: { user: 'ann', pass: '…' },"],
  ["key base of Rails", hex(128), "SECRET_KEY_BASE=…"],
  ["master key", hex(32), "RAILS_MASTER_KEY=…"],
  ["key of Laravel", `${letters(43)}=`, "APP_KEY=base64:…"],
  ["key of a kubeconfig", letters(60), "    client-key-data: LS0tLS1CRUdJTiBSU0EgUFJJ…"],
  ["key of a certificate in JSON", letters(60), '{"tls.key":"LS0tLS1CRUdJTiBSU0EgUFJJ…"}'],
  ["login of npm", btoa("ann:h0rse-battery-staple"), "//npm.internal/:_auth=…"],
  ["login of Docker", btoa("ann:h0rse-battery-stable"), '{"auths":{"a.internal":{"auth":"…"}}}'],
  ["password of sshpass", "hunter22hunter", "sshpass -p … ssh ann@10.0.0.1"],
  ["password of mysql", "S3cr3t99", "mysql -u root -p… app"],
  ["password of docker login", "correct-horse-9", "docker login -u ann -p … a.internal"],
  ["password of redis-cli", "correct-horse-8", "redis-cli -h cache -a … ping"],
  ["password of several words", "correct horse battery staple", '{"password":"…"}'],
  ["password of digits", "86420975", '{"password":…}'],
  ["password in wp-config.php", "S3cr3tWord", "define('DB_PASSWORD', '…');"],
  ["password in a URL in JSON", "hunter2hunter3", '{"url":"https:\\/\\/ann:…@files.internal\\/x"}'],
  [
    "private key",
    letters(64),
    `-----BEGIN RSA PRIVATE ${"KEY"}-----\n${pem}\n-----END RSA PRIVATE ${"KEY"}-----`,
  ],
];

export const textOf = ([, secret, text]: MarkedSecret) => text.replace("…", secret);
