/**
 * Reads a page as a person does, hover texts included, so that a test can hold what it shows against the API's answer; and
 * says which figures nobody has compared, so that a figure without a counterpart fails the test as well.
 */
import type { Page } from "playwright-core";

export interface PageReading {
  /** By selector: the words of each element it finds, in their order. */
  texts: Record<string, string[]>;
  /** Words with a digit in them, shown, hovered or read aloud, outside of all those elements. */
  rest: string[];
  /** Every time on the page: its instant, what is shown, what the hover says. */
  times: { instant: string; shown: string; hover: string }[];
}

/**
 * Words of an element: texts of all it holds, folded or not; cells apart by "|"; a hover or a label behind its element as
 * "{…}"; a time as "@" and its instant; of a drawing its labels and titles. With "@href" behind a selector, the element's
 * address stands before its words. Selects, fields, buttons and explanations behind a question mark have none.
 */
export function readPage(page: Page, selectors: readonly string[]): Promise<PageReading> {
  return page.evaluate((wanted) => {
    const SILENT = new Set(["SCRIPT", "STYLE", "NOSCRIPT", "SELECT", "INPUT", "TEXTAREA", "BUTTON"]);
    /** Their labels say what they are, not what is in them. */
    const LISTS = new Set(["NAV", "SECTION", "FORM", "UL", "OL", "DIV"]);
    const wordsOf = (node: Node): string => {
      if (node.nodeType === Node.TEXT_NODE) return node.nodeValue ?? "";
      if (!(node instanceof Element) || SILENT.has(node.tagName) || node.hasAttribute("popover")) return "";
      if (node instanceof HTMLTimeElement) return `@${node.dateTime}`;
      if (node.tagName === "title") return ` {${node.textContent ?? ""}}`;
      const inner = [...node.childNodes].map(wordsOf).join(" ");
      const said =
        node.getAttribute("title") ?? (LISTS.has(node.tagName) ? null : node.getAttribute("aria-label"));
      const all = said === null ? inner : `${inner} {${said}}`;
      return node.tagName === "TD" || node.tagName === "TH" ? `${all} |` : all;
    };
    const clean = (text: string) => text.replaceAll(/\s+/g, " ").replace(/ ?\|$/, "").trim();
    const taken = new Set<Element>();
    const texts: Record<string, string[]> = {};
    for (const one of wanted) {
      const [selector = "", isLinked] = one.split("@href");
      texts[one] = [...document.querySelectorAll(selector)].map((element) => {
        taken.add(element);
        const address = isLinked === undefined ? "" : `${element.getAttribute("href")} `;
        return clean(address + wordsOf(element));
      });
    }
    const rest: string[] = [];
    const note = (element: Element, kind: string, text: string | null) => {
      if (text !== null && /\d/.test(text))
        rest.push(
          `${element.tagName.toLowerCase()}.${element.getAttribute("class") ?? ""} ${kind}: ${text.trim().slice(0, 120)}`,
        );
    };
    const look = (element: Element) => {
      if (taken.has(element) || ["SCRIPT", "STYLE", "NOSCRIPT", "TIME"].includes(element.tagName)) return;
      if (element.hasAttribute("popover")) return;
      note(element, "hover", element.getAttribute("title"));
      note(element, "label", element.getAttribute("aria-label"));
      if (element instanceof HTMLInputElement && /^(text|search|number)$/.test(element.type))
        note(element, "field", element.value);
      for (const child of element.childNodes)
        if (child instanceof Element) look(child);
        else if (child.nodeType === Node.TEXT_NODE) note(element, "text", child.nodeValue);
    };
    look(document.body);
    const times = [...document.querySelectorAll<HTMLTimeElement>("time[datetime]")].map((time) => ({
      instant: time.dateTime,
      shown: time.textContent ?? "",
      hover: time.title,
    }));
    return { texts, rest, times };
  }, selectors);
}
