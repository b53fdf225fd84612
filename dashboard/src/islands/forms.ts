/** Forms: filters are sent when they change; a dangerous button waits until the name it asks for was typed. */
export function bindForms(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-filters]")) {
    form.addEventListener("change", (event) => {
      if (event.target instanceof HTMLSelectElement) form.requestSubmit();
    });
  }
  for (const input of document.querySelectorAll<HTMLInputElement>("input[data-must-be]")) {
    const button = input.form?.querySelector<HTMLButtonElement>("button[type=submit], button:not([type])");
    if (!button) continue;
    const compare = () => {
      button.disabled = input.value !== input.dataset.mustBe;
    };
    input.addEventListener("input", compare);
    compare();
  }
}
