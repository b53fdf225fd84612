/** Names of form fields that both a page and the code that reads its form need. */
export const CSRF_FIELD = "_csrf";
