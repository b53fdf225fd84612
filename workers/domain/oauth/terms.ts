/** Notice for every place where a login with Claude starts. */
export const OAUTH_TERMS =
  "Anthropic's terms allow logins of Free, Pro and Max plans only for ordinary use of Claude Code and other Anthropic applications by the plan's owner. They do not allow others to offer such a login, store it, or send other people's requests through it. Use this only for your own login and your own requests, and read “Legal and compliance” in the Claude Code documentation first. For a team, use API keys, or passthrough, which forwards each person's own credential and stores none.";
