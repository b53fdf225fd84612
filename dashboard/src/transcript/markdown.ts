/**
 * Markdown of prompts and responses as HTML. Tags in the source show as text; links go to http, https and mailto only and
 * send no referrer; images of other sites become links, so that a transcript loads nothing.
 */
import MarkdownIt from "markdown-it";
import type { Highlighter } from "./highlight.ts";

/** Longer texts are shown plain, to bound the cost of parsing. */
export const MAX_MARKDOWN_CHARACTERS = 60_000;

const SAFE_LINK = /^(https?:\/\/|mailto:)/i;

const markdown = new MarkdownIt({ html: false, linkify: true, breaks: true, typographer: false });
markdown.validateLink = (url) => SAFE_LINK.test(url.trim());
markdown.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false });

const escape = markdown.utils.escapeHtml;

markdown.renderer.rules.link_open = (tokens, index, options, _environment, self) => {
  const token = tokens[index]!;
  token.attrSet("rel", "noopener noreferrer nofollow");
  token.attrSet("target", "_blank");
  return self.renderToken(tokens, index, options);
};

markdown.renderer.rules.image = (tokens, index) => {
  const token = tokens[index]!;
  const address = String(token.attrGet("src") ?? "");
  const label = token.content || address;
  return `<a href="${escape(address)}" rel="noopener noreferrer nofollow" target="_blank">image: ${escape(label)}</a>`;
};

/** Headings of a message stand below the page's own (h1 page, h2 section, h3 message). */
markdown.renderer.rules.heading_open = (tokens, index) => `<h${headingLevel(tokens[index]!.tag)} dir="auto">`;
markdown.renderer.rules.heading_close = (tokens, index) => `</h${headingLevel(tokens[index]!.tag)}>\n`;
const headingLevel = (tag: string) => Math.min(6, Number(tag.slice(1)) + 3);

/** Tables scroll by themselves on narrow screens. */
markdown.renderer.rules.table_open = () => '<div class="scroll" tabindex="0"><table>\n';
markdown.renderer.rules.table_close = () => "</table></div>\n";

markdown.renderer.rules.fence = (tokens, index, _options, environment) => {
  const token = tokens[index]!;
  const language = token.info.trim().split(/\s+/)[0] ?? "";
  const label = language ? `<span class="code-language">${escape(language.slice(0, 40))}</span>` : "";
  const highlighted = (environment as Environment | undefined)?.highlight?.(token.content, language) ?? null;
  return `<div class="code">${label}<pre tabindex="0"><code>${highlighted ?? escape(token.content)}</code></pre></div>\n`;
};

/** Passed to the rendering rules. */
type Environment = { highlight?: Highlighter | undefined };

/**
 * Safe HTML of one text in two parts, cut between top-level blocks after about `limit` characters of source, so that the rest can be
 * folded. `rest` is empty when it all fits or would leave less than a third of `limit` to fold.
 */
export function renderParts(
  text: string,
  limit: number,
  highlight?: Highlighter,
): { shown: string; rest: string; restLines: number; cutAt: number } {
  const environment: Environment = { highlight };
  const tokens = markdown.parse(text, environment);
  const render = (list: typeof tokens) => markdown.renderer.render(list, markdown.options, environment);
  if (text.length <= limit * 1.33)
    return { shown: render(tokens), rest: "", restLines: 0, cutAt: text.length };

  const lineStarts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) lineStarts.push(at + 1);
  // The first top-level block that begins after the limit.
  const cut = tokens.findIndex(
    (token) =>
      token.level === 0 && token.nesting !== -1 && token.map && (lineStarts[token.map[0]] ?? 0) >= limit,
  );
  if (cut <= 0) return { shown: render(tokens), rest: "", restLines: 0, cutAt: text.length };
  const line = tokens[cut]!.map![0];
  return {
    shown: render(tokens.slice(0, cut)),
    rest: render(tokens.slice(cut)),
    restLines: lineStarts.length - line,
    cutAt: lineStarts[line]!,
  };
}
