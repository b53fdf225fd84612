/** What is used of highlight.js. */
export const highlighter: {
  /** Safe HTML of `code`; throws when it does not know the language. */
  highlight(code: string, options: { language: string; ignoreIllegals: boolean }): { value: string };
  getLanguage(name: string): object | undefined;
};
