/** What a person reads of a server-rendered page, by element: for tests that compare it with hand-written texts. */

/** Elements that end a word; those of tables also separate it from the next by a bar. */
const CELLS = ["td", "th"];
const INLINE = ["a", "b", "bdi", "code", "em", "mark", "strong", "small"];
const VOID_ELEMENTS = new Set(["br", "hr", "img", "input", "link", "meta", "wbr"]);
const TOKENS = /<(\/?)([a-zA-Z][\w-]*)((?:\s+[^\s=>/]+(?:="[^"]*")?)*)\s*(\/?)>|([^<]+)/g;
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };
const decode = (text: string) =>
  text.replaceAll(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => ENTITIES[name]!);

interface Element {
  tag: string;
  id: string | undefined;
  classes: readonly string[];
  title: string | undefined;
  isHelp: boolean;
  text: string;
}

/**
 * The elements of well-formed `html` that `selector` matches, each as one line: its text without help texts, cells separated by
 * "|", and "{title}" after an element with a `title`. `selector` is a chain of descendants such as "#live-stats dd".
 */
export function textsOf(html: string, selector: string): string[] {
  const parts = selector.split(" ").map((part) => ({
    tag: /^[\w-]*/.exec(part)![0],
    id: /#([\w-]+)/.exec(part)?.[1],
    classes: [...part.matchAll(/\.([\w-]+)/g)].map(([, name]) => name!),
  }));
  const fits = (element: Element, { tag, id, classes }: (typeof parts)[number]) =>
    (tag === "" || tag === element.tag) &&
    (id === undefined || id === element.id) &&
    classes.every((name) => element.classes.includes(name));
  const open: Element[] = [];
  const isMatch = () => {
    if (!fits(open.at(-1)!, parts.at(-1)!)) return false;
    let left = parts.length - 1;
    for (const element of open.slice(0, -1).reverse())
      if (left > 0 && fits(element, parts[left - 1]!)) left--;
    return left === 0;
  };
  const found: Element[] = [];
  const close = () => {
    const { tag, text, title, isHelp } = open.pop()!;
    const parent = open.at(-1);
    if (!parent || isHelp) return;
    const end = CELLS.includes(tag) ? " | " : INLINE.includes(tag) ? "" : " ";
    parent.text += (title === undefined ? text : `${text} {${title}} `) + end;
  };
  for (const [, isEnd, tag = "", source = "", isEmpty, text] of html.matchAll(TOKENS)) {
    if (text !== undefined) {
      const parent = open.at(-1);
      if (parent) parent.text += decode(text);
    } else if (isEnd) close();
    else {
      const parent = open.at(-1);
      if (parent && !INLINE.includes(tag)) parent.text += " ";
      const of = (name: string) => {
        const value = new RegExp(`\\s${name}="([^"]*)"`).exec(source)?.[1];
        return value === undefined ? undefined : decode(value);
      };
      const element = {
        tag,
        id: of("id"),
        classes: of("class")?.split(" ") ?? [],
        title: of("title"),
        isHelp: /\spopover(target)?[\s=]/.test(`${source} `),
        text: "",
      };
      open.push(element);
      if (isMatch()) found.push(element);
      if (isEmpty || VOID_ELEMENTS.has(tag)) close();
    }
  }
  return found.map(({ text, title }) =>
    (title === undefined ? text : `${text} {${title}}`)
      .replaceAll(/\s+/g, " ")
      .replace(/[ |]+$/, "")
      .trim(),
  );
}
